/// A WorkflowEventBinding: which events submit a workflow, and with what.
public struct WorkflowEventBinding: Sendable, Equatable {
    public var metadata: ObjectMeta
    /// An expression over `namespace`, `discriminator`, `metadata` and `payload` that is true for the events meant.
    public var selector: String?
    /// nil: the event is only noticed.
    public var submit: Submit?
    public var raw: JSONValue

    public struct Submit: Sendable, Equatable {
        public var workflowTemplateRef: WorkflowTemplateRef?
        public var arguments: Arguments
        /// `name`, `generateName`, and the values of labels and annotations of the run: each an expression over the event.
        public var metadata: ObjectMeta

        init?(_ json: JSONValue) {
            guard json.object != nil else { return nil }
            self.workflowTemplateRef = json["workflowTemplateRef"].flatMap(WorkflowTemplateRef.init)
            self.arguments = Arguments(json["arguments"])
            self.metadata = ObjectMeta(json["metadata"])
        }
    }

    /// nil when the object is of another kind.
    public init?(_ json: JSONValue) {
        guard json["kind"]?.string == "WorkflowEventBinding" else { return nil }
        self.metadata = ObjectMeta(json["metadata"])
        self.selector = json["spec"]?["event"]?["selector"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.submit = json["spec"]?["submit"].flatMap(Submit.init)
        self.raw = json
    }
}
