import Engine
import GRDB
import Ports
import WorkflowModel

/// The columns of `runs` as lists read them, and back.
enum Records {
    static let columns =
        "uid, namespace, name, phase, message, createdAt, startedAt, finishedAt, priority, progress, labels, parameters, expiresAt"

    /// The columns that a commit may change, but for `finishedAt` and `expiresAt`: `phase, message, startedAt, progress, labels, parameters`.
    ///
    /// None of them is in an index of `runs`. SQLite rewrites every index of a column that an `UPDATE` names, changed or not, which would be
    /// three pages more for each commit; hence `createdAt` and `priority` are written once, and the other two when the end changes.
    static func changing(_ record: RunRecord) -> [DatabaseValue] {
        [
            record.phase.databaseValue, Self.withoutNUL(record.message).databaseValue,
            record.startedAt?.milliseconds.databaseValue ?? .null, record.progress.databaseValue, Self.text(record.labels).databaseValue,
            Self.text(record.parameters).databaseValue,
        ]
    }

    /// Messages carry what steps print, and a text in SQLite ends at its first NUL.
    private static func withoutNUL(_ text: String) -> String {
        text.utf8.contains(0) ? String(text.map { $0 == "\0" ? "\u{2400}" : $0 }) : text
    }

    /// A record whose labels or parameters cannot be read stays in the list without them, and its message says so.
    static func record(_ row: Row) -> RunRecord {
        var record = RunRecord(
            id: RunID(row[0]), namespace: row[1], name: row[2], phase: row[3], message: row[4], createdAt: Timestamp(milliseconds: row[5]),
            startedAt: Self.time(row[6]), finishedAt: Self.time(row[7]), priority: row[8], progress: row[9],
            expiresAt: Self.time(row[12]))
        for (column, field) in [(10, \RunRecord.labels), (11, \RunRecord.parameters)] {
            do {
                record[keyPath: field] = try Self.dictionary(row[column])
            } catch {
                let name = column == 10 ? "labels" : "parameters"
                record.message += (record.message.isEmpty ? "" : "; ") + "the \(name) stored for this run cannot be read (\(error))"
            }
        }
        return record
    }

    /// A stored text that is JSON but not of the shape that was written.
    struct Unreadable: Error, CustomStringConvertible {
        var description: String
    }

    private static func time(_ milliseconds: Int64?) -> Timestamp? { milliseconds.map { Timestamp(milliseconds: $0) } }

    /// A JSON object with its keys in order, so that equal dictionaries are equal texts.
    static func text(_ dictionary: [String: String]) -> String {
        if dictionary.isEmpty { return "{}" }
        var object = JSONObject()
        for key in dictionary.keys.sorted() { object[key] = dictionary[key].map { .string($0) } }
        return JSONValue.object(object).json
    }

    static func dictionary(_ text: String) throws -> [String: String] {
        if text == "{}" { return [:] }
        guard let object = try JSONValue(json: text).object else { throw Unreadable(description: "expected an object") }
        var dictionary: [String: String] = [:]
        for (key, value) in object {
            guard let value = value.string else { throw Unreadable(description: "expected a string for '\(key)'") }
            dictionary[key] = value
        }
        return dictionary
    }

    static func text(_ texts: [String]) -> String { JSONValue.array(texts.map { .string($0) }).json }

    static func texts(_ text: String) throws -> [String] {
        guard let items = try JSONValue(json: text).array else { throw Unreadable(description: "expected an array") }
        return try items.map { item in
            guard let text = item.string else { throw Unreadable(description: "expected strings") }
            return text
        }
    }

    /// Makes the index of labels of a run equal to `labels`.
    static func setLabels(_ labels: [String: String], of run: Int64, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM runLabels WHERE run = ?").execute(arguments: [run])
        for (key, value) in labels {
            try db.cachedStatement(sql: "INSERT INTO runLabels (key, value, run) VALUES (?, ?, ?)").execute(arguments: [key, value, run])
        }
    }

    static func owner(_ row: Row) -> Owner {
        Owner(
            id: row["owner"], processID: row["processID"], processStart: UInt64(bitPattern: row["processStart"]), bootID: row["bootID"],
            doorbell: row["doorbell"])
    }
}
