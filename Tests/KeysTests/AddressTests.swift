// Which addresses keys may be fetched from: every special block is refused, in each of its disguises.

import Testing

@testable import LiveKeys

@Suite struct AddressTests {
    @Test(arguments: [
        "0.0.0.0", "0.255.0.1", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
        "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1",
        "2001:db8::1", "2002:7f00:1::", "2002:c0a8:1::1", "3fff::1", "fc00::1", "fdff::1", "fe80::1", "febf::1",
        "fec0::1", "ff02::1", "4000::1", "::ffff:0:127.0.0.1",
    ])
    func `a private or special address is not public`(text: String) throws {
        #expect(!PeerIP.isPublic(try #require(PeerIP.bytes(text))))
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
        "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
        "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2002:808:808::1", "64:ff9b::808:808", "2a00::1",
    ])
    func `an address of the Internet is public`(text: String) throws {
        #expect(PeerIP.isPublic(try #require(PeerIP.bytes(text))))
    }

    @Test func `a block holds its addresses and no other`() throws {
        let block = try #require(AddressRange("10.1.128.0/17"))
        for (text, isHeld) in [("10.1.128.0", true), ("10.1.255.255", true), ("10.1.127.255", false), ("::1", false)] {
            #expect(block.contains(try #require(PeerIP.bytes(text))) == isHeld, "\(text)")
        }
        let one = try #require(AddressRange("fd00::1"))
        #expect(one.contains(try #require(PeerIP.bytes("fd00::1"))))
        #expect(!one.contains(try #require(PeerIP.bytes("fd00::2"))))
        let all = try #require(AddressRange("0.0.0.0/0"))
        #expect(all.contains([1, 2, 3, 4]) && !all.contains([UInt8](repeating: 0, count: 16)))
        let mapped = try #require(AddressRange("127.0.0.0/8"))
        #expect(mapped.contains([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1]))
        for bad in ["", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+1", "10.0.0/8", "::1/129", "a/8", "1.1.1.1/8/8"]
        {
            #expect(AddressRange(bad) == nil, "\(bad)")
        }
    }

    @Test func `plain HTTP is for listed addresses alone`() throws {
        let policy = AddressPolicy(listed: [try #require(AddressRange("10.0.0.0/8"))])
        #expect(policy.admits([10, 0, 0, 1], isPlain: true))
        #expect(policy.admits([10, 0, 0, 1], isPlain: false))
        #expect(!policy.admits([8, 8, 8, 8], isPlain: true))
        #expect(policy.admits([8, 8, 8, 8], isPlain: false))
        #expect(!policy.admits([127, 0, 0, 1], isPlain: false))
    }
}
