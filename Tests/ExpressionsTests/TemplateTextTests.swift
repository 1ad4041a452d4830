import Expressions
import Testing

/// Texts with tags.
struct TemplateTextTests {
    static let scope = FlatScope([
        "inputs.parameters.name": .string("Ann"), "inputs.parameters.which": .string("name"),
        "inputs.parameters.tag": .string("{{inputs.parameters.name}}"),
        "inputs.parameters.n": .string("41"), "steps.a-b.outputs.result": .string("[1,2]"), "steps.skipped.outputs.result": .null,
        "workflow.name": .string("wf"),
        "item": .map(["size": .string("big")]),
    ])

    func render(_ text: String, _ mode: RenderMode = .lenient) throws -> String {
        try TemplateText(text).render(Self.scope, mode: mode, clock: testClock)
    }

    func failure(_ text: String, _ mode: RenderMode) -> RenderError? {
        do {
            _ = try self.render(text, mode)
            return nil
        } catch { return error as? RenderError }
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a { b } c {", "a { b } c {"), ("}}", "}}"), ("hi {{inputs.parameters.name}}!", "hi Ann!"),
        ("{{ inputs.parameters.name }}", "Ann"),
        ("{{\n inputs.parameters.name\t}}", "Ann"), ("{{steps.a-b.outputs.result}}", "[1,2]"),
        ("{{unknown}} {{ other . Tool }}", "{{unknown}} {{ other . Tool }}"),
        ("{{{inputs.parameters.name}}}", "{{{inputs.parameters.name}}}"), ("ü{{workflow.name}}ü", "üwfü"),
        ("{{workflow.name}}{{workflow.name}}", "wfwf"),
        ("{{=asInt(inputs.parameters.n) + 1}}", "42"), ("{{=steps['a-b'].outputs.result}}", "[1,2]"),
        ("{{=[1, 'a', nil, true]}}", #"[1,"a",null,true]"#), ("{{=1 == 1}}", "true"),
        ("{{=1.0}}", "1"), ("{{={a: {b: 1}}}}", #"{"a":{"b":1}}"#), ("{{='}}' + \"}}\"}}", "}}}}"),
        ("{{=map(1..2, {{v: #}})}}", #"[{"v":1},{"v":2}]"#), ("{{=date('2024-01-02')}}", "2024-01-02T00:00:00Z"),
        ("{{inputs.parameters.{{inputs.parameters.which}}}}", "Ann"),
        ("{{inputs.parameters.{{item}}}}", #"{{inputs.parameters.{"size":"big"}}}"#),
        ("{{steps.x-{{inputs.parameters.name}}.status}}", "{{steps.x-Ann.status}}"), ("{{ =workflow.name }}", "{{ =workflow.name }}"),
    ])
    func `tags are replaced, unknown ones stay`(text: String, expected: String) throws {
        #expect(try self.render(text) == expected)
    }

    @Test func `what was inserted is not looked at again`() throws {
        #expect(try self.render("{{inputs.parameters.tag}}", .strict) == "{{inputs.parameters.name}}")
        #expect(try self.render("{{=inputs.parameters.tag}}", .strict) == "{{inputs.parameters.name}}")
        let partly = try TemplateText("{{inputs.parameters.tag}} {{later}}").partiallyRendered(Self.scope, mode: .lenient, clock: testClock)
        #expect(partly.segments.count == 2)
        #expect(try partly.render(FlatScope(["later": .string("x")]), mode: .strict, clock: testClock) == "{{inputs.parameters.name}} x")
    }

    @Test func `a text goes through several rounds`() throws {
        let text = try TemplateText("{{workflow.name}}-{{=retries + '!'}}-{{inputs.parameters.{{which}}}}-{{later}}")
        let first = try text.partiallyRendered(Self.scope, mode: .lenient, clock: testClock)
        #expect(first.source == "wf-{{=retries + '!'}}-{{inputs.parameters.{{which}}}}-{{later}}")
        #expect(first.simpleNames.map(\.name) == ["which", "later"])
        #expect(first.simpleNames.map(\.offset) == [44, 56])
        let second = try first.partiallyRendered(
            FlatScope(["which": .string("x"), "retries": .string("2")]), mode: .lenient, clock: testClock)
        #expect(second.source == "wf-2!-{{inputs.parameters.x}}-{{later}}")
        let third = try second.partiallyRendered(
            FlatScope(["inputs.parameters.x": .string("v"), "later": .string("")]), mode: .strict, clock: testClock)
        #expect(third == (try TemplateText("wf-2!-v-")))
        #expect(third.isLiteral)
    }

    @Test func `the parts of a text are known without rendering it`() throws {
        let text = try TemplateText("é{{ a.b }} {{= x.y ?? z }} {{c.{{=w}}}}")
        #expect(text.simpleNames.map(\.name) == ["a.b"])
        #expect(text.simpleNames.map(\.offset) == [4])
        #expect(text.expressionReferences.map(\.name) == ["x.y", "z", "w"])
        #expect(text.expressionReferences.map(\.offset) == [15, 22, 34])
        #expect(!text.isLiteral)
        #expect(try TemplateText("{{ a }}").singleTagName == "a")
        #expect(try TemplateText("{{a}} ").singleTagName == nil)
        #expect(try TemplateText("{{=a}}").singleTagName == nil)
        #expect(try TemplateText("text").isLiteral)
        #expect(try TemplateText("").isLiteral)
    }

    @Test(arguments: [
        ("a {{b", "the tag is not closed with '}}'", 2), ("{{", "the tag is not closed with '}}'", 0),
        ("{{=1", "the tag is not closed with '}}'", 0), ("{{a {{b}}", "the tag is not closed with '}}'", 0),
        ("é {{=1 +}}", "failed to evaluate expression: unexpected end of expression", 8),
        (
            "{{='{{workflow.name}}'}}",
            "failed to evaluate expression: a tag cannot stand inside an expression, write its name without braces", 3
        ),
        ("{{x.{{=(}}}}", "failed to evaluate expression: unexpected end of expression", 8),
        ("{{=lenn('')}}", "failed to evaluate expression: unknown function 'lenn', did you mean 'len'?", 3),
        (
            String(repeating: "{{a", count: 12) + String(repeating: "}}", count: 12), "tags are inside each other more than 8 levels deep",
            26
        ),
    ])
    func `a malformed text says what and where`(text: String, message: String, offset: Int) throws {
        #expect(throws: ExpressionError(message: message, offset: offset)) { try TemplateText(text) }
    }

    @Test func `a strict round wants every name`() throws {
        #expect(self.failure("a {{ b }}", .strict) == RenderError(message: "failed to resolve {{ b }}", tag: "{{ b }}", isMissing: true))
        #expect(
            self.failure("{{=steps.x.outputs.result}}", .strict)
                == RenderError(
                    message: "failed to evaluate expression: steps.x.outputs.result is missing", tag: "{{=steps.x.outputs.result}}",
                    isMissing: true))
        #expect(self.failure("{{=nothing.at.all}}", .strict)?.message == "failed to evaluate expression: nothing.at.all is missing")
        #expect(self.failure("{{=nothing?.x ?? 1}}", .strict)?.message == "failed to evaluate expression: nothing is missing")
        #expect(try self.render("{{=steps.x.outputs.result ?? 'none'}}", .strict) == "none")
        #expect(try self.render("{{=item?.weight ?? 'none'}}", .strict) == "none")
        #expect(
            self.failure("{{inputs.parameters.{{nope}}}}", .strict)
                == RenderError(message: "failed to resolve {{nope}}", tag: "{{nope}}", isMissing: true))
    }

    @Test func `a round with prefixes wants those names only`() throws {
        let mode = RenderMode.prefixes(["steps.", "tasks."])
        #expect(try self.render("{{other}} {{stepsx}} {{=other.x}} {{workflow.name}}", mode) == "{{other}} {{stepsx}} {{=other.x}} wf")
        #expect(
            self.failure("{{steps.later.status}}", mode)
                == RenderError(message: "failed to resolve {{steps.later.status}}", tag: "{{steps.later.status}}", isMissing: true))
        #expect(self.failure("{{=tasks.later.status == 'x'}}", mode)?.isMissing == true)
        #expect(self.failure("{{=other.x + tasks.later.status}}", mode)?.isMissing == true)
        #expect(try self.render("{{steps.x-{{other}}.status}}", mode) == "{{steps.x-{{other}}.status}}")
    }

    @Test(arguments: [RenderMode.lenient, .strict, .prefixes(["workflow."])])
    func `an absent optional is final unless it is handled`(mode: RenderMode) throws {
        let simple = try #require(self.failure("{{steps.skipped.outputs.result}}", mode))
        #expect(
            simple.message
                == "failed to resolve {{steps.skipped.outputs.result}}: absent optional, its producer did not run and there is no default")
        #expect(simple.isAbsent && !simple.isMissing)
        let expression = try #require(self.failure("{{=steps.skipped.outputs.result}}", mode))
        #expect(expression.message == "failed to evaluate expression: absent optional, its producer did not run and there is no default")
        #expect(expression.isAbsent)
        #expect(try self.render("{{=steps.skipped.outputs.result ?? 'none'}}", mode) == "none")
    }

    @Test func `an expression whose names are all known fails in every round`() {
        for mode in [RenderMode.lenient, .strict] {
            #expect(
                self.failure("{{=asInt(inputs.parameters.name)}}", mode)?.message
                    == #"failed to evaluate expression: invalid operation: asInt("Ann")"#)
            #expect(self.failure("{{=nil}}", mode)?.message == "failed to evaluate expression: the result is nil")
        }
    }

    @Test(arguments: [
        "{{=retries}}", "{{=lastRetry.exitCode ?? '0'}}", "{{=workflow.status ?? 'none'}}", "{{=workflow.failures ?? 'none'}}",
        "{{=retries ?? 5}}", "{{=item.weight == nil ? 1 : 2}}",
    ])
    func `names of later rounds are waited for`(text: String) throws {
        #expect(try self.render(text) == text)
    }

    @Test func `a parent gives way to its children in expressions`() throws {
        let scope = FlatScope(["a": .string("parent"), "a.b": .string("child"), "c": .array([.int(1)])])
        #expect(try TemplateText("{{a}} {{=a.b}} {{c}}").render(scope, mode: .strict, clock: testClock) == "parent child [1]")
    }
}
