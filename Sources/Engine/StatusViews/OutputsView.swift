public import Engine
public import WorkflowModel

/// The outputs of a node as a status has them.
public enum OutputsView {
    public static func object(_ outputs: NodeOutputs) -> JSONValue { .object(StatusValues.outputs(outputs)) }
}
