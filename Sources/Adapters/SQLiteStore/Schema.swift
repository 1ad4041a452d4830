import Foundation
import GRDB

/// The tables of `skiff.db`, as a list of migrations that only ever grows.
///
/// A migration that was released is never edited: a database in use has run it already. Each has a test that opens a database which stops
/// just before it.
///
/// | table | a row is | why it is shaped so |
/// |---|---|---|
/// | `runs` | a run as lists see it | `uid` is its key outside; the short integer `id` keys everything that belongs to it |
/// | `runLabels` | a label of a run | an index of `runs.labels`, so that lists can filter by label; `Records.setLabels` keeps it equal |
/// | `owners` | the process that carries a run out | absent once it gave the run up |
/// | `sources` | what a run was made from | written once |
/// | `secrets` | a Secret of a run, sealed | see `SecretBox` |
/// | `nodes` | a row of the engine's state | rewritten whenever the node changes |
/// | `events` | an event of the journal | never changed; stamped with the engine that wrote it |
/// | `commands` | a request to a run's owner | deleted when carried out |
/// | `resources` | a stored object | `version` is that of its last change; of a Secret, `json` holds masks and `sealed` the values |
/// | `resourceChanges` | a change of an object | the newest only, see `ChangeLog`; it holds no Secret values |
/// | `directoryOwner` | the process that adopts submitted runs | at most one row |
/// | `lockHolders`, `lockQueue` | a lock that a run or node has, or waits for | they go with the run, so no lock outlives it |
/// | `lockLimits` | how many may hold a database semaphore | |
/// | `memos` | the outputs of a memoized template | not tied to the run that gave them |
/// | `tokens` | a token that opens the server | `hash` is the SHA-256 of its text, which is kept nowhere |
/// | `deletedRuns` | a run that was deleted | the newest only, see `DeletionLog` |
/// | `meta` | a fact about the database | `writer` is the version of Skiff that last changed the schema |
///
/// `runs.epoch` is the fencing token: it grows with every change of ownership, and each commit names the one it was given. `runs.eventCount`
/// numbers the events. `runs.bootID` is that of the last commit's owner, which outlives the owner's row.
///
/// There are no triggers, and hot statements have no `RETURNING` (a trigger inside): for a statement with one, SQLite copies each page it
/// changes, which made a commit a third dearer.
///
/// What a commit costs is the pages it changes, some 10 µs for each. So `events` is one tree by (run, sequence), not a table and an index. `nodes`
/// is a table and an index all the same: a tree without row ids keeps little of a row in its page and spills rows over 1 kB, which node rows
/// often are and events seldom (measured with 1.5 kB node rows: half again slower and twice the size).
enum Schema {
    static func migrator(writer: String) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001 runs", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: Self.runs)
            try db.execute(sql: Self.labels)
            try db.execute(sql: Self.belongings)
            try Self.stamp(writer, in: db)
        }
        migrator.registerMigration("0002 boots", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: Self.boots)
            try Self.stamp(writer, in: db)
        }
        migrator.registerMigration("0003 resources", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: Self.resources)
            try Self.addDefaultNamespace(in: db)
            try Self.stamp(writer, in: db)
        }
        migrator.registerMigration("0004 coordination", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: Self.coordination)
            try Self.stamp(writer, in: db)
        }
        migrator.registerMigration("0006 serving", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: Self.tokens)
            try db.execute(sql: Self.serving)
            try Self.stamp(writer, in: db)
        }
        return migrator
    }

    /// The version of Skiff that last changed the schema, for the message to an older one; nil when even that cannot be read.
    static func writer(of db: Database) -> String? {
        // Asked only to word an error about a schema that is not known here, in which `meta` itself may have gone.
        try? String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'writer'")
    }

    private static func stamp(_ writer: String, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO meta (key, value) VALUES ('writer', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            arguments: [writer])
    }

    private static func addDefaultNamespace(in db: Database) throws {
        let uid = UUID().uuidString.lowercased()
        let time = try String.fetchOne(db, sql: "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')") ?? ""
        let json = """
            {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default","uid":"\(uid)","resourceVersion":"1","creationTimestamp":"\(time)"}}
            """
        try db.execute(
            sql: """
                INSERT INTO resources (kind, namespace, name, uid, version, labels, json) VALUES ('Namespace', '', 'default', ?1, 1, '{}', ?2);
                """, arguments: [uid, json])
        try db.execute(
            sql: """
                INSERT INTO resourceChanges (version, change, kind, namespace, name, uid, labels, json, bytesUpToHere)
                VALUES (1, 'added', 'Namespace', '', 'default', ?1, '{}', ?2, length(?2))
                """, arguments: [uid, json])
    }

    private static let runs = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE runs (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          uid TEXT NOT NULL UNIQUE,
          namespace TEXT NOT NULL,
          name TEXT NOT NULL,
          phase TEXT NOT NULL,
          message TEXT NOT NULL,
          createdAt INTEGER NOT NULL,
          startedAt INTEGER,
          finishedAt INTEGER,
          priority INTEGER NOT NULL,
          progress TEXT NOT NULL,
          labels TEXT NOT NULL,
          parameters TEXT NOT NULL,
          epoch INTEGER NOT NULL,
          eventCount INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX runsUnfinishedName ON runs (namespace, name) WHERE finishedAt IS NULL;
        CREATE INDEX runsByName ON runs (namespace, name, createdAt);
        CREATE INDEX runsUnfinished ON runs (createdAt DESC, id DESC) WHERE finishedAt IS NULL;
        CREATE INDEX runsFinished ON runs (finishedAt DESC, id DESC) WHERE finishedAt IS NOT NULL;
        """

    private static let labels = """
        CREATE TABLE runLabels (
          key TEXT NOT NULL,
          value TEXT NOT NULL,
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          PRIMARY KEY (key, value, run)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX runLabelsByRun ON runLabels (run);
        """

    private static let belongings = """
        CREATE TABLE owners (
          run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
          owner TEXT NOT NULL,
          processID INTEGER NOT NULL,
          processStart INTEGER NOT NULL,
          bootID TEXT NOT NULL,
          doorbell TEXT NOT NULL
        ) STRICT;
        CREATE TABLE sources (
          run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
          workflow TEXT NOT NULL,
          context TEXT NOT NULL,
          options TEXT NOT NULL
        ) STRICT;
        CREATE TABLE secrets (
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          name TEXT NOT NULL,
          sealed BLOB NOT NULL,
          PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE nodes (
          id INTEGER PRIMARY KEY,
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL,
          json TEXT NOT NULL,
          UNIQUE (run, ordinal)
        ) STRICT;
        CREATE TABLE events (
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          sequence INTEGER NOT NULL,
          at INTEGER NOT NULL,
          engine TEXT NOT NULL,
          json TEXT NOT NULL,
          PRIMARY KEY (run, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE commands (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          verb TEXT NOT NULL,
          issuedAt INTEGER NOT NULL,
          message TEXT NOT NULL
        ) STRICT;
        CREATE INDEX commandsByRun ON commands (run, id);
        """

    private static let boots = """
        ALTER TABLE runs ADD COLUMN bootID TEXT;
        UPDATE runs SET bootID = (SELECT bootID FROM owners WHERE owners.run = runs.id);
        """

    private static let resources = """
        CREATE TABLE resources (
          id INTEGER PRIMARY KEY,
          kind TEXT NOT NULL,
          namespace TEXT NOT NULL,
          name TEXT NOT NULL,
          uid TEXT NOT NULL,
          version INTEGER NOT NULL,
          labels TEXT NOT NULL,
          json TEXT NOT NULL,
          sealed BLOB,
          UNIQUE (kind, namespace, name)
        ) STRICT;
        CREATE INDEX resourcesByNamespace ON resources (namespace);
        CREATE TABLE resourceChanges (
          version INTEGER PRIMARY KEY,
          change TEXT NOT NULL,
          kind TEXT NOT NULL,
          namespace TEXT NOT NULL,
          name TEXT NOT NULL,
          uid TEXT NOT NULL,
          labelsBefore TEXT,
          labels TEXT NOT NULL,
          json TEXT NOT NULL,
          bytesUpToHere INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE directoryOwner (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          owner TEXT NOT NULL,
          processID INTEGER NOT NULL,
          processStart INTEGER NOT NULL,
          bootID TEXT NOT NULL,
          doorbell TEXT NOT NULL
        ) STRICT;
        """

    private static let coordination = """
        CREATE TABLE lockHolders (
          lock TEXT NOT NULL,
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          node INTEGER NOT NULL,
          PRIMARY KEY (lock, run, node)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX lockHoldersByRun ON lockHolders (run, node);
        CREATE TABLE lockQueue (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          lock TEXT NOT NULL,
          run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
          node INTEGER NOT NULL,
          priority INTEGER NOT NULL,
          createdAt INTEGER NOT NULL,
          UNIQUE (lock, run, node)
        ) STRICT;
        CREATE INDEX lockQueueByRun ON lockQueue (run, node);
        CREATE INDEX lockQueueOrder ON lockQueue (lock, priority DESC, createdAt, id);
        CREATE TABLE lockLimits (
          namespace TEXT NOT NULL,
          key TEXT NOT NULL,
          size INTEGER NOT NULL,
          PRIMARY KEY (namespace, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE memos (
          id INTEGER PRIMARY KEY,
          namespace TEXT NOT NULL,
          cache TEXT NOT NULL,
          key TEXT NOT NULL,
          run TEXT NOT NULL,
          node INTEGER NOT NULL,
          outputs TEXT NOT NULL,
          createdAt INTEGER NOT NULL,
          lastHitAt INTEGER NOT NULL,
          UNIQUE (namespace, cache, key)
        ) STRICT;
        """

    private static let tokens = """
        CREATE TABLE tokens (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          name TEXT NOT NULL UNIQUE,
          hash BLOB NOT NULL UNIQUE,
          role TEXT NOT NULL,
          namespaces TEXT,
          createdAt INTEGER NOT NULL,
          expiresAt INTEGER
        ) STRICT;
        """

    private static let serving = """
        ALTER TABLE runs ADD COLUMN expiresAt INTEGER;
        CREATE INDEX runsByExpiry ON runs (expiresAt) WHERE expiresAt IS NOT NULL;
        CREATE INDEX runsWaiting ON runs (priority DESC, createdAt, id) WHERE finishedAt IS NULL;
        CREATE INDEX runsFinishedInNamespace ON runs (namespace, finishedAt DESC, id DESC) WHERE finishedAt IS NOT NULL;
        CREATE TABLE deletedRuns (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          uid TEXT NOT NULL,
          namespace TEXT NOT NULL,
          name TEXT NOT NULL,
          labels TEXT NOT NULL
        ) STRICT;
        """
}
