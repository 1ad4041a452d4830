import Diagnostics
import Expressions
import WorkflowModel

/// References that can never resolve, found before anything runs.
///
/// Simple tags are judged as Argo judges them: what is not in scope is an error. Argo does not look into expressions, and an unknown
/// reference there shows only when the expression is evaluated, so that is a warning.
extension Planner {
    struct Problem {
        var severity: Severity
        /// Put after `failed to resolve …`, when it says more than that.
        var reason: String?
        /// Found only when it is told: looking for suggestions takes longer than everything else.
        var hint: () -> String?

        init(severity: Severity = .error, reason: String? = nil, hint: @autoclosure @escaping () -> String? = nil) {
            self.severity = severity
            self.reason = reason
            self.hint = hint
        }
    }

    enum Verdict {
        case fine
        case later
        case problem(Problem)
    }

    /// A reference to what only all templates together can tell.
    struct LateReference {
        var name: String
        var fault: ReferenceFault
        /// The template it stands in; nil for the workflow's own fields.
        var template: TemplateIndex?
    }

    /// How to tell a fault of a reference.
    struct ReferenceFault {
        var origin: Origin
        var shown: String
        var word: String
        var occurrence: Int
        /// At most this bad.
        var most: Severity
    }

    mutating func judge(_ mentions: some Sequence<Mention>, in scope: ReferenceScope) {
        for mention in mentions {
            for (name, offset) in mention.names {
                let verdict = self.verdict(on: name, in: scope)
                if case .fine = verdict {} else { self.tell(verdict, name, self.fault(mention, name, offset, scope)) }
                if case .name = mention.content { continue }
                if let reason = self.absence(of: name, in: scope) { self.tellAbsence(reason, self.fault(mention, name, offset, scope)) }
            }
            for reference in mention.references where !reference.isGuarded {
                let (verdict, name) = self.verdict(on: reference.path, in: scope)
                if case .fine = verdict { continue }
                let word = Self.word(in: mention.source, at: reference.offset)
                let fault = ReferenceFault(
                    origin: mention.origin, shown: "'\(name)' in an expression", word: word,
                    occurrence: self.faults.isFull ? 0 : Faults.count(of: word, in: mention.source, before: reference.offset),
                    most: .warning)
                self.tell(verdict, name, fault)
            }
        }
    }

    private func fault(_ mention: Mention, _ name: String, _ offset: Int, _ scope: ReferenceScope) -> ReferenceFault {
        ReferenceFault(
            origin: mention.origin, shown: "{{\(name)}}", word: name,
            occurrence: self.faults.isFull ? 0 : Faults.count(of: name, in: mention.source, before: offset),
            most: scope.isLenient ? .warning : .error)
    }

    private mutating func tell(_ verdict: Verdict, _ name: String, _ fault: ReferenceFault) {
        switch verdict {
        case .fine: break
        case .later: self.lateReferences.append(LateReference(name: name, fault: fault, template: self.current))
        case .problem(let problem): self.tell(problem, fault)
        }
    }

    private mutating func tell(_ problem: Problem, _ fault: ReferenceFault) {
        self.faults.add(
            .unresolvedReference, min(problem.severity, fault.most), at: fault.origin, word: fault.word, occurrence: fault.occurrence,
            "failed to resolve \(fault.shown)" + (problem.reason.map { ": " + $0 } ?? ""), hint: self.faults.isFull ? nil : problem.hint())
    }

    private mutating func tellAbsence(_ reason: String, _ fault: ReferenceFault) {
        self.faults.add(
            .maybeAbsent, .warning, at: fault.origin, word: fault.word, occurrence: fault.occurrence,
            "\(fault.shown) may have no value: \(reason)",
            hint: "give the output a valueFrom.default, or write it as an expression with '??'")
    }

    /// The name at that place of an expression, as far as it has neither quotes nor blanks.
    private static func word(in text: String, at offset: Int) -> String {
        let rest = text.unicodeScalars.dropFirst(offset).prefix { scalar in
            scalar == "." || scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
        return String(String.UnicodeScalarView(rest))
    }

    // MARK: Verdicts

    private func verdict(on name: String, in scope: ReferenceScope) -> Verdict {
        let own = self.ownVerdict(on: name, in: scope)
        guard case .problem = own, let outer = scope.outer?.scope else { return own }
        let outside = self.verdict(on: name, in: outer)
        // Only one of the two has steps or tasks to name.
        let isAbroad = scope.names.sites == nil && (name.utf8.starts(with: "steps.".utf8) || name.utf8.starts(with: "tasks.".utf8))
        if case .problem = outside, !isAbroad { return own }
        return outside
    }

    private func ownVerdict(on name: String, in scope: ReferenceScope) -> Verdict {
        guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else { return name == "item" ? self.item(nil, scope) : .fine }
        let rest = name[name.index(after: dot)...]
        switch name[..<dot] {
        case "inputs": return self.input(rest, scope)
        case "outputs": return self.output(rest, scope)
        case "steps", "tasks": return self.sibling(String(name[..<dot]), rest, scope)
        case "item": return self.item(String(rest), scope)
        case "pod":
            if rest == "name", scope.names.type?.makesPod ?? true { return .fine }
            return .problem(
                Problem(
                    hint: rest == "name"
                        ? "a \(scope.names.type?.rawValue ?? "") template makes no pod" : "the only such name is 'pod.name'"))
        case "node":
            if rest == "name" { return .fine }
            return .problem(Problem(severity: .warning, hint: "the only such name is 'node.name'"))
        case "workflow":
            switch self.globals.verdict(on: rest) {
            case .fine: return .fine
            case .later: return .later
            case .problem(let severity, let reason, let hint): return .problem(Problem(severity: severity, reason: reason, hint: hint))
            }
        default: return .fine
        }
    }

    /// A reference of an expression may name a whole map; then only what is written out is judged.
    private func verdict(on path: [String], in scope: ReferenceScope) -> (Verdict, String) {
        let length: Int
        switch (path[0], path.count) {
        case (_, 1): return (.fine, path[0])
        case ("inputs", 2), ("outputs", 2): return (.fine, path[0])
        case ("inputs", _), ("outputs", _): length = 3
        case ("steps", 2), ("tasks", 2):
            if path[1] == "name" { return (.fine, path[0]) }
            return (self.siteVerdict(path[0], path[1], scope), "\(path[0]).\(path[1])")
        case ("steps", _), ("tasks", _):
            let isPart = path[2] == "outputs" && (path.count == 3 || path.count == 4 && path[3] != "result")
            if isPart { return (self.siteVerdict(path[0], path[1], scope), "\(path[0]).\(path[1])") }
            length = path[2] == "outputs" ? (path[3] == "result" ? 4 : 5) : 3
        case ("workflow", 2) where path[1] == "outputs": return (.fine, path[0])
        case ("workflow", 3) where path[1] == "outputs": return (.fine, path[0])
        case ("workflow", _):
            length = path[1] == "outputs" ? 4 : ["parameters", "labels", "annotations"].contains(path[1]) ? 3 : path.count
        case ("item", _), ("pod", _), ("node", _): length = 2
        default: return (.fine, path[0])
        }
        let name = path.prefix(length).joined(separator: ".")
        return (self.verdict(on: name, in: scope), name)
    }

    private func siteVerdict(_ root: String, _ name: String, _ scope: ReferenceScope) -> Verdict {
        self.verdict(on: "\(root).\(name).status", in: scope)
    }

    private func input(_ rest: Substring, _ scope: ReferenceScope) -> Verdict {
        let names = scope.names
        if rest == "parameters" {
            return names.parameters.isEmpty ? .problem(Problem(hint: "there is no input parameter here")) : .fine
        }
        if rest.hasPrefix("parameters.") {
            let wanted = String(rest.dropFirst(11))
            return names.parameters.contains(wanted) ? .fine : Self.unknown(wanted, names.parameters, "input parameter")
        }
        guard rest.hasPrefix("artifacts.") else {
            return .problem(Problem(hint: "inputs are 'inputs.parameters.NAME' and 'inputs.artifacts.NAME'"))
        }
        var wanted = String(rest.dropFirst(10))
        if names.artifacts.contains(wanted) { return .fine }
        if wanted.hasSuffix(".path") {
            wanted.removeLast(5)
            if names.artifacts.contains(wanted) {
                if names.type?.isLeaf ?? true { return .fine }
                return .problem(Problem(hint: "artifacts have a path only in templates that run something themselves"))
            }
        }
        return Self.unknown(wanted, names.artifacts, "input artifact")
    }

    /// Argo lets anything that begins with `outputs.` pass.
    private func output(_ rest: Substring, _ scope: ReferenceScope) -> Verdict {
        if scope.isMetric { return .fine }
        if rest.hasPrefix("parameters."), rest.hasSuffix(".path"),
            scope.names.parameterPaths.contains(String(rest.dropFirst(11).dropLast(5)))
        {
            return .fine
        }
        if rest.hasPrefix("artifacts."), rest.hasSuffix(".path"), scope.names.artifactPaths.contains(String(rest.dropFirst(10).dropLast(5)))
        {
            return .fine
        }
        return .problem(
            Problem(
                severity: .warning,
                hint: "a template can refer to the paths of its outputs: 'outputs.parameters.NAME.path', 'outputs.artifacts.NAME.path'"))
    }

    /// - Parameter key: nil for `item` itself.
    private func item(_ key: String?, _ scope: ReferenceScope) -> Verdict {
        switch scope.items {
        case .any: return .fine
        case .none:
            // Argo passes a lone {{item}} on as text.
            return .problem(
                Problem(
                    severity: key == nil ? .warning : .error,
                    hint: "there is an item only in a step with withItems, withParam or withSequence"))
        case .written(let scalars, let keys, let count):
            guard let key else { return .fine }
            if let having = keys[key] {
                return having == count
                    ? .fine
                    : .problem(Problem(severity: .warning, reason: "only \(having) of \(count) items have '\(key)'", hint: nil))
            }
            return .problem(
                Problem(
                    hint: keys.isEmpty
                        ? (scalars ? "the items are no maps: write {{item}}" : "there are no items")
                        : KnownNames(keys.keys).hint(for: key, "keys of the items", none: "")))
        }
    }

    static func unknown(_ wanted: String, _ known: KnownNames, _ what: String) -> Verdict {
        .problem(Problem(hint: known.hint(for: wanted, "\(what)s here", none: "there is no \(what) here")))
    }
}
