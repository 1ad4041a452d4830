import Diagnostics

/// Where a piece of a plan was written.
///
/// Planning makes one for each field it looks at, so it is a single small object; the path's text is put together only when a fault is told.
struct Origin: Sendable {
    private final class Node: Sendable {
        enum Step: Sendable {
            case document(Root)
            case field(Node, String)
            case index(Node, Int)
        }
        let step: Step
        init(_ step: Step) { self.step = step }
    }

    /// Behind a reference, so that a node stays small.
    private final class Root: Sendable {
        let document: PlanningDocument
        let path: FieldPath
        init(_ document: PlanningDocument, _ path: FieldPath) {
            self.document = document
            self.path = path
        }
    }

    private let node: Node

    private init(_ node: Node) { self.node = node }

    init(document: PlanningDocument, path: FieldPath = FieldPath()) { self.node = Node(.document(Root(document, path))) }

    func field(_ name: String) -> Origin { Origin(Node(.field(self.node, name))) }
    func index(_ index: Int) -> Origin { Origin(Node(.index(self.node, index))) }

    /// Costs the length of the path.
    var path: FieldPath {
        var node = self.node
        var above: [Node] = []
        while true {
            switch node.step {
            case .document(let root):
                var path = root.path
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
            case .document(let root): return root.document
            case .field(let parent, _), .index(let parent, _): node = parent
            }
        }
    }
}
