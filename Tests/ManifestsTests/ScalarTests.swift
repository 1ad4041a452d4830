import Manifests
import Testing
import WorkflowModel

@Suite struct ScalarTests {
    /// What `sigs.k8s.io/yaml` makes of plain scalars.
    @Test(
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null), ("nUll", "nUll"),
            ("true", true), ("True", true), ("TRUE", true), ("tRUE", "tRUE"), ("yes", true), ("Yes", true), ("y", true), ("Y", true),
            ("on", true),
            ("ON", true), ("false", false), ("no", false), ("No", false), ("n", false), ("N", false), ("off", false), ("OFF", false),
            ("oFF", "oFF"),
            ("0", 0), ("1", 1), ("-1", -1), ("+1", 1), ("-0", 0), ("1_000", 1000), ("2024_01_02", 20_240_102), ("+", "+"), ("--1", "--1"),
            ("017", 15), ("-017", -15), ("0o17", 15), ("0x1F", 31), ("0X1f", 31), ("-0x10", -16), ("0b101", 5), ("-0b101", -5),
            ("0x", "0x"),
            ("0xg", "0xg"), ("0x-1", "0x-1"), ("08", 8), ("0089", 89), ("1 2", "1 2"), ("1a", "1a"), ("١", "١"),
            ("9223372036854775807", .number("9223372036854775807")), ("18446744073709551615", .number("18446744073709551615")),
            ("-9223372036854775808", .number("-9223372036854775808")), ("18446744073709551616", .number("18446744073709552000")),
            ("123456789012345678901234567890", .number("1.2345678901234568e+29")),
            ("1.0", 1), ("1.", 1), ("1.5", .number("1.5")), (".5", .number("0.5")), ("-.5", .number("-0.5")), ("+1.5", .number("1.5")),
            ("1e3", 1000),
            ("1E3", 1000), ("1.e3", 1000), ("1e+3", 1000), ("15e-1", .number("1.5")), ("1e21", .number("1e+21")),
            ("1e20", .number("100000000000000000000")),
            ("0.000001", .number("0.000001")), ("0.0000001", .number("1e-7")), ("1.25e-9", .number("1.25e-9")), ("1e400", "1e400"),
            ("1e", "1e"), (".", "."),
            ("..5", "..5"), ("1.2.3", "1.2.3"), (".e3", ".e3"), ("6.02214076e23", .number("6.02214076e+23")),
            ("2026-11-21", "2026-11-21"), ("2026-11-21T04:32:00Z", "2026-11-21T04:32:00Z"), ("12:30:45", "12:30:45"), ("1,000", "1,000"),
            ("hello", "hello"), ("yesterday", "yesterday"), ("nothing", "nothing"), ("a:b", "a:b"), ("<<", "<<"), ("=", "="),
        ] as [(String, JSONValue)])
    func `plain scalars mean what Kubernetes reads`(text: String, value: JSONValue) {
        #expect(self.value(text) == value)
    }

    private func value(_ text: String) -> JSONValue? {
        let file = read("apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nspec: \(text)\n")
        return file.documents.first?.value["spec"]
    }

    @Test(arguments: ["\"%\"", "'%'", "!!str %", "! '%'"])
    func `quoted scalars are strings`(form: String) {
        for text in ["yes", "1.0", "017", "~", "null", "0x10", "<<"] {
            #expect(self.value(form.replacing("%", with: text)) == .string(text))
        }
    }

    @Test func `blocks keep or drop their line ends`() {
        #expect(self.value("|\n  a\n  1\n") == "a\n1\n")
        #expect(self.value("|-\n  a\n\n  b\n\n") == "a\n\nb")
        #expect(self.value("|+\n  a\n") == "a\n\n")
        #expect(self.value(">\n  a\n  b\n\n  c\n") == "a b\nc\n")
        #expect(self.value("|2\n    a\n   b\n") == "  a\n b\n")
    }

    @Test func `tags say how a scalar is read`() {
        #expect(self.value("!!int '5'") == 5)
        #expect(self.value("!!float 5") == 5)
        #expect(self.value("!!bool 'yes'") == true)
        #expect(self.value("!!null ''") == .null)
        #expect(self.value("!!binary aGVsbG8=") == "hello")
        #expect(self.value("!mine 5") == "5")
    }

    @Test func `stars and question marks stay as written`() {
        #expect(self.value("'a * b ? c *'") == "a * b ? c *")
        #expect(self.value("|\n  * a\n  ? b\n  ? \n") == "* a\n? b\n? \n")
        #expect(self.value("a *b ? c") == "a *b ? c")
        #expect(self.value("{\"a*\": \"? \"}") == ["a*": "? "])
    }

    @Test func `signs of the private use area stay as written`() {
        #expect(self.value("'\u{E000} * \u{E001} \u{F8FF}'") == "\u{E000} * \u{E001} \u{F8FF}")
    }

    @Test func `JSON escapes of signs beyond the first plane are joined`() {
        let file = read(#"{"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "spec": "\ud83d\ude00 \/ \\ud83d\\ude00"}"#)
        #expect(file.documents.first?.value["spec"] == #"😀 / \ud83d\ude00"#)
    }
}
