import Expressions
import WorkflowModel

/// The names of one template that its texts can refer to.
final class TemplateNames {
    let type: TemplateType?
    let parameters: KnownNames
    let artifacts: KnownNames
    /// Outputs that have a path in a container.
    let parameterPaths: Set<String>
    let artifactPaths: Set<String>
    let sites: SiteTable?

    init(_ template: Template, sites: SiteTable? = nil) {
        self.type = template.types.count == 1 ? template.types[0] : nil
        self.parameters = KnownNames(template.inputs.parameters.map(\.name))
        self.artifacts = KnownNames(template.inputs.artifacts.map(\.name))
        self.parameterPaths = Set(template.outputs.parameters.filter { $0.valueFrom?.path != nil }.map(\.name))
        self.artifactPaths = Set(template.outputs.artifacts.filter { $0.path != nil }.map(\.name))
        self.sites = sites
    }
}

/// What others can read of a node of a template.
final class Producer {
    let type: TemplateType?
    let isDaemon: Bool
    let parameters: KnownNames
    /// Those of `parameters` that have a default.
    let withDefault: Set<String>
    let artifacts: KnownNames
    /// Of its inputs, those that need not be given.
    let optionalParameters: Set<String>
    let optionalArtifacts: Set<String>

    init(_ template: Template) {
        self.type = template.types.count == 1 ? template.types[0] : nil
        self.isDaemon = template.daemon
        self.parameters = KnownNames(template.outputs.parameters.map(\.name))
        self.withDefault = Set(template.outputs.parameters.filter { $0.valueFrom?.default != nil }.map(\.name))
        self.artifacts = KnownNames(template.outputs.artifacts.map(\.name))
        self.optionalParameters = Set(template.inputs.parameters.filter { $0.value != nil || $0.default != nil }.map(\.name))
        self.optionalArtifacts = Set(template.inputs.artifacts.filter(\.optional).map(\.name))
    }
}

/// The steps or tasks of one template, as they are written.
final class SiteTable {
    /// What is known of the node that a step or task makes.
    struct Site {
        var step: WorkflowStep
        /// Which group of a steps template it is in; 0 for tasks.
        var group: Int
        /// What it runs; nil when that is known only at run time, or does not exist.
        var producer: Producer?
        /// What it depends on could not be read, so nothing is said about what comes before it.
        var isUnclear = false
        /// A task's dependencies.
        var formula: DependsFormula?
    }

    /// `steps` or `tasks`.
    let root: String
    var sites: [Site] = []
    private(set) var places: [String: Int] = [:]
    private(set) var hasDynamicNames = false
    /// Of all sites; asked for once all are added.
    private(set) lazy var names = KnownNames(self.places.keys)
    /// For tasks, once the order is known.
    var ancestry: Ancestry?

    /// The root with its dot.
    let prefix: String

    init(root: String) {
        self.root = root
        self.prefix = root + "."
    }

    var what: String { self.root == "steps" ? "step" : "task" }

    /// - Returns: whether the name is new.
    func add(_ site: Site) -> Bool {
        self.sites.append(site)
        if site.step.name.hasTag { self.hasDynamicNames = true }
        guard self.places[site.step.name] == nil else { return false }
        self.places[site.step.name] = self.sites.count - 1
        return true
    }
}

/// What the texts at one place of a template can refer to.
struct ReferenceScope {
    /// Which steps or tasks have ended.
    enum Sight {
        /// None can be named.
        case none
        /// Those before this one.
        case before(Int)
        /// Those before this one, and this one itself: its state, and in an exit handler also its outputs.
        case beforeAndSelf(Int, outputs: Bool)
        /// All of the template.
        case all
    }

    enum Items {
        case none
        /// Anything that begins with `item`.
        case any
        /// A list that is written out: whether there are scalars, how many items are maps with each key, and how many items there are.
        case written(scalars: Bool, keys: [String: Int], count: Int)
    }

    let names: TemplateNames
    var sight = Sight.none
    var items = Items.none
    /// The metrics of a template may also refer to its own outputs.
    var isMetric = false
    /// An unknown name is told as a warning: Argo does not look at this place.
    var isLenient = false
    /// Names whose absence is provided for where they are used, such as by a default of the input they are given to.
    var handled: Set<String> = []
    /// What an inline template sees beside its own names: the scope of the step it is written in.
    var outer: Outer?

    final class Outer {
        let scope: ReferenceScope
        init(_ scope: ReferenceScope) { self.scope = scope }
    }

    func with(_ sight: Sight, items: Items = .none, isLenient: Bool = false) -> ReferenceScope {
        var scope = self
        scope.sight = sight
        scope.items = items
        scope.isLenient = isLenient
        return scope
    }
}

extension ReferenceScope.Items {
    init(_ step: WorkflowStep) {
        if let items = step.withItems {
            var keys: [String: Int] = [:]
            var hasScalars = false
            for item in items {
                guard let object = item.object else {
                    hasScalars = true
                    continue
                }
                for key in object.keys { keys[key, default: 0] += 1 }
            }
            self = .written(scalars: hasScalars, keys: keys, count: items.count)
        } else {
            self = step.fansOut ? .any : .none
        }
    }
}
