// Owns where a room lives in Redis. All keys of a room carry its name in braces, so that they lie together for whoever
// looks at them by hand.
//
//   <p>{room}:head      hash: epoch, seq, run (run_id of the server that gave the last seq), ts (ms, never falls);
//                       prev and base: the epoch before this one, and the last seq that both have in common
//   <p>{room}:log       stream: id `seq-0`, field `m` = the message
//   <p>{room}:news      channel on which each message is published; an empty one says: look at the head
//   <p>{room}:claims    hash, while the room is seeded: by node, what it holds (`SeedScripts`)
//   <p>{room}:snap      hash: epoch, seq, bytes of the latest snapshot

/// Where a room lives in Redis.
package struct RoomKeys: Equatable, Sendable {
    /// Epoch, seq, run, ts and the epoch before.
    package let head: [UInt8]
    /// The stream.
    package let log: [UInt8]
    /// The channel.
    package let news: [UInt8]
    /// Who holds how much of the room, while it is seeded.
    package let claims: [UInt8]
    /// The latest snapshot.
    package let snapshot: [UInt8]

    /// The keys of a room, under a prefix of the deployment's own.
    package init(prefix: String, room: String) {
        func key(_ name: String) -> [UInt8] { Array("\(prefix){\(room)}:\(name)".utf8) }
        head = key("head")
        log = key("log")
        news = key("news")
        claims = key("claims")
        snapshot = key("snap")
    }
}
