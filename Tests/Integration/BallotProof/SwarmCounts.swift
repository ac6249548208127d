// Owns what the swarm counts and how it names its timers. Pure.

/// What the voters saw, in numbers.
struct SwarmCounts {
    var sends = 0
    var repliesStore = 0
    var repliesNode = 0
    var duplicates = 0
    var storedLater = 0
    var retries = 0
    var connects = 0
    var resumes = 0
    var cuts = 0
    var lost = 0
}

/// What a timer of the swarm is for, in 64 bits.
enum SwarmTimer {
    case connect(voter: Int, device: Int)
    case resend(voter: Int, item: Int)

    var payload: UInt64 {
        switch self {
        case .connect(let voter, let device): UInt64(voter) << 16 | UInt64(device)
        case .resend(let voter, let item): 1 << 60 | UInt64(voter) << 16 | UInt64(item)
        }
    }

    init(payload: UInt64) {
        let voter = Int((payload << 4) >> 20)
        let low = Int(payload & 0xFFFF)
        self = payload >> 60 == 0 ? .connect(voter: voter, device: low) : .resend(voter: voter, item: low)
    }
}
