import Diagnostics

/// Where a piece of a plan was written.
///
/// Planning makes one for each field it looks at, so it is a single small object; the path's text is put together only when a fault is told.
struct Origin: Sendable {
    private final class Node: Sendable {
        enum Step: Sendable {
            case document(PlanningDocument, FieldPath)
            case field(Node, String)
            case index(Node, Int)
        }
        let step: Step
        init(_ step: Step) { self.step = step }
    }

    private let node: Node

    private init(_ node: Node) { self.node = node }

    init(document: PlanningDocument, path: FieldPath = FieldPath()) { self.node = Node(.document(document, path)) }

    func field(_ name: String) -> Origin { Origin(Node(.field(self.node, name))) }
    func index(_ index: Int) -> Origin { Origin(Node(.index(self.node, index))) }

    /// Costs the length of the path.
    var path: FieldPath {
        var node = self.node
        var above: [Node] = []
        while true {
            switch node.step {
            case .document(_, var path):
                for node in above.reversed() {
                    switch node.step {
                    case .field(_, let name): path = path.field(name)
                    case .index(_, let index): path = path.index(index)
                    case .document: break
                    }
                }
                return path
            case .field(let parent, _), .index(let parent, _):
                above.append(node)
                node = parent
            }
        }
    }

    var document: PlanningDocument {
        var node = self.node
        while true {
            switch node.step {
            case .document(let document, _): return document
            case .field(let parent, _), .index(let parent, _): node = parent
            }
        }
    }
}
