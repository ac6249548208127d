// Owns who takes part: a number for everybody over all processes, and what each number is. A pure function of the plan,
// so that every process knows everybody without being told.

/// What somebody does.
enum Duty: UInt8, Codable, Sendable {
    /// Writes at the plan's rate, or leads the lesson.
    case publisher
    /// Reads, and takes part in a lesson.
    case listener
    /// Never reads after joining.
    case sleeper
    /// Arrives in the storm.
    case newcomer
}

/// One participant of the whole run.
struct Member: Sendable, Equatable {
    /// Over all processes, from 0.
    let number: Int
    let duty: Duty
    let room: Int
    /// The stream within the room that it writes; nil for those who only read.
    let stream: Int?
}

/// Everybody.
struct Roster: Sendable {
    private let rooms: Int
    private let publishers: Int
    private let people: Int
    private let sleepers: Int
    private let newcomers: Int
    private let publishersPerRoom: Int
    private let talkersPerRoom: Int

    init(_ plan: Plan) {
        rooms = plan.rooms
        publishersPerRoom = plan.publishersPerRoom
        talkersPerRoom = plan.talkersPerRoom
        publishers = plan.rooms * plan.publishersPerRoom
        people = plan.people
        sleepers = plan.slowPeople
        newcomers = plan.crowd
    }

    var count: Int { publishers + people + sleepers + newcomers }

    /// Who arrives before the load begins.
    var insiders: Int { publishers + people + sleepers }

    /// Streams in each room.
    var streamsPerRoom: Int { publishersPerRoom + talkersPerRoom }

    /// Who `number` is (0 ..< count).
    subscript(_ number: Int) -> Member {
        precondition(number >= 0 && number < count, "everybody has a number below the count")
        var place = number
        if place < publishers {
            return Member(number: number, duty: .publisher, room: place % rooms, stream: place / rooms)
        }
        place -= publishers
        if place < people {
            let inRoom = place / rooms
            let stream = inRoom < talkersPerRoom ? publishersPerRoom + inRoom : nil
            return Member(number: number, duty: .listener, room: place % rooms, stream: stream)
        }
        place -= people
        if place < sleepers { return Member(number: number, duty: .sleeper, room: place % rooms, stream: nil) }
        return Member(number: number, duty: .newcomer, room: (place - sleepers) % rooms, stream: nil)
    }

    /// The numbers of worker `worker` of `processes`.
    func numbers(of worker: Int, processes: Int) -> [Int] {
        Array(stride(from: worker, to: count, by: processes))
    }
}
