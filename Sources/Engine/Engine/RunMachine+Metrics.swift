import Expressions
import Planning
import WorkflowModel

/// What a metric of a workflow or a template said once: recorded, for whoever exports it.
public struct MetricSample: Sendable, Equatable {
    public enum Kind: String, Sendable, Equatable { case counter, gauge, histogram }
    public var name: String
    public var help: String
    public var kind: Kind
    /// Of a gauge: `Set`, `Add` or `Sub`. Empty for others.
    public var operation: String
    /// A decimal number, as it was written.
    public var value: String
    public var labels: [NamedValue]
    /// Upper bounds of a histogram.
    public var buckets: [String]
}

/// Metrics are evaluated when a node or the run has ended, those in real time too: their last value is what they came to.
///
/// A metric that cannot be evaluated fails nothing; the run says which (Argo's condition `MetricsError`).
/// - Source: Argo's documentation of custom metrics and of the variables inside them.
extension RunMachine {
    /// Evaluates the metrics of the template that made the node. Attempts of a retried node have none of their own.
    mutating func measure(_ id: NodeID) {
        let node = self.nodes[id.index]
        guard let index = node.template, !self.plan.templates[index].metrics.isEmpty, node.phase.isCompleted else { return }
        if case .attempt = node.role { return }
        let template = self.plan.templates[index]
        let scope = MetricScope(base: self.scope(of: id), values: self.metricValues(of: node, template))
        self.nodes[id.index].metrics = self.samples(template.metrics, scope, of: self.displayName(of: node))
    }

    /// Evaluates the workflow's own metrics.
    mutating func measureRun() {
        guard !self.plan.metrics.isEmpty else { return }
        var values: [String: String] = ["status": self.run.phase.rawValue]
        if let start = self.run.startedAt { values["duration"] = Self.seconds(self.run.now - start) }
        for parameter in self.run.globalParameters { values["outputs.parameters.\(parameter.name)"] = parameter.value }
        let scope = MetricScope(base: Scope(machine: self, frames: []), values: values)
        self.run.metrics = self.samples(self.plan.metrics, scope, of: "the workflow")
    }

    private func metricValues(of node: Node, _ template: PlannedTemplate) -> [String: String] {
        let ran = (node.finishedAt ?? self.run.now) - node.startedAt
        var values = ["duration": Self.seconds(ran), "status": node.phase.shown]
        values["exitCode"] = node.outputs.exitCode.map(String.init)
        values["outputs.result"] = node.outputs.result
        for parameter in node.outputs.parameters { values["outputs.parameters.\(parameter.name)"] = parameter.value }
        values["retries"] = String(max(0, self.attempts(of: node.id).count - 1))
        let resources = ResourcesDuration(of: template, ran: ran)
        values["resourcesDuration.cpu"] = String(resources.cpu)
        values["resourcesDuration.memory"] = String(resources.memory)
        return values
    }

    /// With milliseconds, as a decimal number.
    private static func seconds(_ span: Span) -> String {
        let milliseconds = max(0, span.milliseconds)
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }

    private mutating func samples(_ metrics: [PlannedMetric], _ scope: MetricScope, of owner: String) -> [MetricSample] {
        var samples: [MetricSample] = []
        for metric in metrics {
            switch Self.sample(metric, scope) {
            case .success(let sample): if let sample { samples.append(sample) }
            case .failure(let fault): self.run.metricsError = "metric '\(metric.name)' of \(owner): \(fault.message)"
            }
        }
        return samples
    }

    /// nil when its `when` does not hold.
    private static func sample(_ metric: PlannedMetric, _ scope: MetricScope) -> Result<MetricSample?, NodeFault> {
        do throws(NodeFault) {
            if let when = metric.when {
                let text = try scope.text(when)
                do { if try !WhenExpression.evaluate(text) { return .success(nil) } } catch { throw NodeFault(error.message) }
            }
            var sample = MetricSample(
                name: metric.name, help: metric.help, kind: .counter, operation: "", value: "", labels: [], buckets: [])
            for label in metric.labels {
                sample.labels.append(NamedValue(name: try scope.text(label.key), value: try scope.text(label.value)))
            }
            switch metric.kind {
            case .counter(let value): sample.value = try scope.text(value)
            case .gauge(let value, _, let operation):
                sample.kind = .gauge
                sample.operation = operation
                sample.value = try scope.text(value)
            case .histogram(let value, let buckets):
                sample.kind = .histogram
                sample.value = try scope.text(value)
                sample.buckets = buckets.map { "\($0)" }
            }
            guard let number = Double(sample.value), number.isFinite else { throw NodeFault("its value '\(sample.value)' is not a number") }
            return .success(sample)
        } catch {
            return .failure(error)
        }
    }
}

/// The scope of the template, and what a metric can say of the node that ended.
private struct MetricScope: VariableScope {
    let base: Scope
    let values: [String: String]

    func text(_ text: TemplateText) throws(NodeFault) -> String {
        do { return try text.render(self, mode: .strict, clock: self.base.clock) } catch { throw NodeFault(error) }
    }

    func value(of name: String) -> ScopeValue {
        if let value = self.values[name] { return .text(value) }
        return self.base.value(of: name)
    }

    func environment(for references: [ExprReference]) -> [String: ExprValue] {
        var environment = ExprValue.map(self.base.environment(for: references))
        for (name, value) in self.values.sorted(by: { $0.key < $1.key }) {
            environment.insert(.string(value), at: name.split(separator: ".")[...])
        }
        guard case .map(let map) = environment else { return [:] }
        return map
    }
}

extension MetricSample {
    var row: JSONValue {
        var row = JSONObject()
        row["name"] = .string(self.name)
        row["help"] = .string(self.help)
        row["kind"] = .string(self.kind.rawValue)
        if !self.operation.isEmpty { row["operation"] = .string(self.operation) }
        row["value"] = .string(self.value)
        row["labels"] = RowCoding.parameters(self.labels)
        if !self.buckets.isEmpty { row["buckets"] = .array(self.buckets.map { .string($0) }) }
        return .object(row)
    }

    init?(row: JSONValue) {
        guard let name = row["name"]?.string, let kind = row["kind"]?.string.flatMap({ Kind(rawValue: $0) }),
            let value = row["value"]?.string
        else { return nil }
        self.init(
            name: name, help: row["help"]?.string ?? "", kind: kind, operation: row["operation"]?.string ?? "", value: value,
            labels: RowCoding.parameters(row["labels"]), buckets: (row["buckets"]?.array ?? []).compactMap(\.string))
    }

    static func rows(_ samples: [MetricSample]) -> JSONValue? { samples.isEmpty ? nil : .array(samples.map(\.row)) }

    static func samples(_ json: JSONValue?) -> [MetricSample] { (json?.array ?? []).compactMap { MetricSample(row: $0) } }
}
