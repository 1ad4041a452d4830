import Diagnostics
import Expressions
import WorkflowModel

/// References from one step or task to another.
extension Planner {
    /// - Parameter rest: what comes after `steps.` or `tasks.`.
    func sibling(_ root: String, _ rest: Substring, _ scope: ReferenceScope) -> Verdict {
        // In a called template it is the name of the step or task that calls it.
        if rest == "name" { return .fine }
        let what = root == "steps" ? "step" : "task"
        guard let table = scope.names.sites, table.root == root else {
            let other = scope.names.sites.map { "here they are called '\($0.root).'" }
            return .problem(Problem(hint: other ?? "there is no \(what) here: pass the value in as an input"))
        }
        guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else {
            return .problem(Problem(hint: "say what of it: '\(root).\(rest).outputs.result', '\(root).\(rest).status', …"))
        }
        let name = String(rest[..<dot])
        guard let place = table.places[name] else {
            return table.hasDynamicNames ? .fine : Self.unknown(name, table.names, what)
        }
        let suffix = String(rest[rest.index(after: dot)...])
        if let problem = self.sightProblem(place, suffix, table, scope.sight) { return .problem(problem) }
        return self.value(suffix, of: table.sites[place], root)
    }

    /// Why the step or task cannot be seen from here.
    private func sightProblem(_ wanted: Int, _ suffix: String, _ table: SiteTable, _ sight: ReferenceScope.Sight) -> Problem? {
        let asking: Int
        switch sight {
        case .all: return nil
        case .none: return Problem(reason: "the value is not known here")
        case .before(let site): asking = site
        case .beforeAndSelf(let site, let outputs):
            if site == wanted {
                return outputs || !suffix.hasPrefix("outputs")
                    ? nil : Problem(reason: "only an exit hook can use the outputs of its own \(table.what)")
            }
            asking = site
        }
        let isBefore: Bool
        if table.root == "steps" {
            isBefore = table.sites[wanted].group < table.sites[asking].group
        } else if table.sites[asking].isUnclear {
            return nil
        } else {
            isBefore = table.ancestry?.isAncestor(wanted, of: asking) ?? true
        }
        if isBefore { return nil }
        let name = table.sites[wanted].step.name
        let asker = table.sites[asking].step.name
        if wanted == asking { return Problem(reason: "'\(name)' cannot refer to itself") }
        return Problem(
            reason: "'\(name)' need not have ended when '\(asker)' starts",
            hint: table.root == "tasks" ? "let '\(asker)' depend on '\(name)'" : "put '\(name)' into an earlier group")
    }

    /// Whether a step or task has such a value.
    private func value(_ suffix: String, of site: SiteTable.Site, _ root: String) -> Verdict {
        let name = site.step.name
        switch suffix {
        case "id", "status", "startedAt", "finishedAt", "hostNodeName": return .fine
        case "ip":
            guard let producer = site.producer, !producer.isDaemon else { return .fine }
            return .problem(Problem(hint: "only daemons have an ip, and '\(name)' is none"))
        case "exitCode", "outputs.result":
            guard let type = site.producer?.type, type == .steps || type == .dag || type == .suspend else { return .fine }
            return .problem(
                Problem(hint: "'\(name)' is of type \(type.rawValue), which has no \(suffix == "exitCode" ? "exit code" : "result")"))
        case "outputs.parameters":
            return site.step.fansOut ? .fine : .problem(Problem(hint: "say which: '\(root).\(name).outputs.parameters.NAME'"))
        default: break
        }
        guard let producer = site.producer else {
            return suffix.hasPrefix("outputs.") ? .fine : Self.noValue(suffix, root, name)
        }
        if suffix.hasPrefix("outputs.parameters.") {
            let wanted = String(suffix.dropFirst(19))
            return producer.parameters.contains(wanted) ? .fine : Self.unknownOutput(wanted, producer.parameters, "parameter", name)
        }
        if suffix.hasPrefix("outputs.artifacts.") {
            let wanted = String(suffix.dropFirst(18))
            return producer.artifacts.contains(wanted) ? .fine : Self.unknownOutput(wanted, producer.artifacts, "artifact", name)
        }
        return Self.noValue(suffix, root, name)
    }

    private static func unknownOutput(_ wanted: String, _ known: KnownNames, _ what: String, _ site: String) -> Verdict {
        .problem(
            Problem(
                hint: known.hint(
                    for: wanted, "output \(what)s of '\(site)'", none: "the template of '\(site)' has no output \(what)s")))
    }

    private static func noValue(_ suffix: String, _ root: String, _ name: String) -> Verdict {
        let known = ["id", "status", "startedAt", "finishedAt", "hostNodeName", "ip", "exitCode", "outputs.result"]
        return .problem(
            Problem(
                hint: Spelling.question(suffix, among: known)
                    + "known are \(known.joined(separator: ", ")), outputs.parameters.NAME and outputs.artifacts.NAME"))
    }

    // MARK: Values that may be missing

    /// Why a value that exists may still be missing when it is wanted; nil when it cannot be, or when that is provided for.
    func absence(of name: String, in scope: ReferenceScope) -> String? {
        guard let table = scope.names.sites, name.utf8.starts(with: table.prefix.utf8), !scope.handled.contains(name) else { return nil }
        let asking: Int? =
            switch scope.sight {
            case .before(let site), .beforeAndSelf(let site, _): site
            case .all: nil
            case .none: nil
            }
        let rest = name.dropFirst(table.root.count + 1)
        guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")), let place = table.places[String(rest[..<dot])], place != asking else {
            return nil
        }
        let suffix = rest[rest.index(after: dot)...]
        guard suffix == "exitCode" || suffix.hasPrefix("outputs.") else { return nil }
        let site = table.sites[place]
        if site.step.fansOut { return nil }
        if suffix.hasPrefix("outputs.parameters.") {
            let wanted = String(suffix.dropFirst(19))
            guard let producer = site.producer, producer.parameters.contains(wanted), !producer.withDefault.contains(wanted) else {
                return nil
            }
        }
        let asker = asking.map { table.sites[$0] }
        if let when = site.step.when, !Self.guards(asker?.step.when, against: when, of: "\(table.root).\(site.step.name)") {
            return "'\(site.step.name)' is skipped when its condition is false"
        }
        guard suffix.hasPrefix("outputs.parameters.") || suffix.hasPrefix("outputs.artifacts."), let asker else { return nil }
        return Self.toleratesFailure(asker, of: site, table)
            ? "'\(asker.step.name)' also starts when '\(site.step.name)' did not succeed" : nil
    }

    /// Whether a condition makes sure, as far as can be seen, that a step with another condition ran.
    private static func guards(_ asking: String?, against when: String, of name: String) -> Bool {
        guard let asking else { return false }
        return asking == when || asking.contains(name)
    }

    /// Whether one step or task starts although another one, which it sees, did not succeed.
    private static func toleratesFailure(_ asker: SiteTable.Site, of site: SiteTable.Site, _ table: SiteTable) -> Bool {
        if asker.step.when?.contains("\(table.root).\(site.step.name).") ?? false { return false }
        guard table.root == "tasks" else { return site.step.continueOn.failed || site.step.continueOn.error }
        guard let formula = asker.formula, let index = formula.tasks.firstIndex(of: site.step.name) else { return false }
        return [DependsFormula.Result.failed, .errored, .omitted].contains { ending in
            formula.evaluate { task, result in task == index ? result == ending : true }
        }
    }
}
