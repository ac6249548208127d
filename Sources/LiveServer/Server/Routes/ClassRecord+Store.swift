// A class as the directory knows it, and as the store keeps it.

import LiveProtocol
import Rooms
import RoomsStore

extension RoomsStore.ClassRecord {
    /// The stored form of a class.
    init(_ record: ClassRecord) {
        self.init(
            code: record.code.text, room: record.room.raw, name: record.name, guests: record.guests.rawValue,
            cap: Int64(record.cap), locked: record.locked ? 1 : 0,
            teacherSecretHash: String(
                decoding: record.teacherSecretHash.withUnsafeBytes { Hex.encode($0) }, as: UTF8.self),
            createdMs: record.createdMs, expiresMs: record.expiresMs)
    }
}

extension ClassRecord {
    /// A class from its stored form; nil where that is not one of ours.
    init?(_ stored: RoomsStore.ClassRecord) {
        guard let code = ClassCode(typed: stored.code), let room = RoomKey(stored.room),
            let guests = GuestPolicy(rawValue: stored.guests),
            let hash = Array(stored.teacherSecretHash.utf8).withUnsafeBytes({ Hex.decode($0) })
        else { return nil }
        self.init(
            code: code, room: room, name: stored.name, guests: guests, cap: Int(stored.cap),
            locked: stored.locked != 0, teacherSecretHash: hash, createdMs: stored.createdMs,
            expiresMs: stored.expiresMs)
    }
}
