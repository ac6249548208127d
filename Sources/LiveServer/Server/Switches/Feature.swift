// What can be switched off and on while a node runs, and which commands belong to it.
//
// Owns: the names and the mapping. Never: who may switch, where it is kept.

import Rooms

/// One feature.
package enum Feature: String, CaseIterable, Sendable {
    /// Sending chat messages; deleting them stays.
    case chat
    /// Opening polls and answering them; closing them stays.
    case polls
    /// Asking questions and voting for them; settling them stays.
    case questions
    /// Raising hands; lowering them stays.
    case hands
    /// Reactions to chat messages.
    case reactions
    /// Joining by a class's code.
    case guests
    /// The endpoint of conformance suites; of the node alone.
    case echo

    /// All names, for people.
    package static let names = allCases.map(\.rawValue)

    /// The feature that a command needs; nil for those that always work.
    static func needed(by command: Command) -> Feature? {
        switch command.kind {
        case .chatSend: .chat
        case .chatReact: .reactions
        case .pollOpen: .polls
        case .questionAsk, .questionUpvote: .questions
        case .handRaise: .hands
        case .chatDelete, .pollClose, .pollResults, .questionAnswer, .questionDismiss, .handLower, .handCall,
            .announce, .mute, .unmute, .remove, .ban, .chatMode, .roomLock, .roomEnd:
            nil
        }
    }

    /// What a person reads whose command met a feature that is off.
    var offSentence: String {
        switch self {
        case .chat: "the chat is switched off here"
        case .polls: "polls are switched off here"
        case .questions: "questions are switched off here"
        case .hands: "raising hands is switched off here"
        case .reactions: "reactions are switched off here"
        case .guests: "joining by a code is switched off here"
        case .echo: "there is nothing at this path"
        }
    }
}

/// Features as bits.
struct FeatureSet: OptionSet, Hashable {
    let rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ feature: Feature) {
        guard let place = Feature.allCases.firstIndex(of: feature) else {
            preconditionFailure("every feature is among all")
        }
        rawValue = 1 << place
    }

    func contains(_ feature: Feature) -> Bool { contains(FeatureSet(feature)) }

    /// In the order of their declaration.
    var features: [Feature] { Feature.allCases.filter { contains($0) } }
}
