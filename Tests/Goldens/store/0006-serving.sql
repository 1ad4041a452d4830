CREATE TABLE commands (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  verb TEXT NOT NULL,
  issuedAt INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT;
INSERT INTO "commands" VALUES(1,1,'stop',1800000000005,'by hand');
CREATE TABLE deletedRuns (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  labels TEXT NOT NULL
) STRICT;
CREATE TABLE directoryOwner (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  owner TEXT NOT NULL,
  processID INTEGER NOT NULL,
  processStart INTEGER NOT NULL,
  bootID TEXT NOT NULL,
  doorbell TEXT NOT NULL
) STRICT;
CREATE TABLE events (
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  engine TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (run, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO "events" VALUES(1,0,1800000000000,'0.1.0','{"event":0}');
INSERT INTO "events" VALUES(2,0,1790000000000,'0.1.0','{"event":0}');
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO "grdb_migrations" VALUES('0001 runs');
INSERT INTO "grdb_migrations" VALUES('0002 boots');
INSERT INTO "grdb_migrations" VALUES('0003 resources');
INSERT INTO "grdb_migrations" VALUES('0004 coordination');
INSERT INTO "grdb_migrations" VALUES('0006 serving');
CREATE TABLE lockHolders (
  lock TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  node INTEGER NOT NULL,
  PRIMARY KEY (lock, run, node)
) STRICT, WITHOUT ROWID;
INSERT INTO "lockHolders" VALUES('default/Mutex/one',1,-1);
CREATE TABLE lockLimits (
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "lockLimits" VALUES('default','db',3);
CREATE TABLE lockQueue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  lock TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  node INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  createdAt INTEGER NOT NULL,
  UNIQUE (lock, run, node)
) STRICT;
INSERT INTO "lockQueue" VALUES(1,'default/Mutex/two',1,0,0,1800000000000);
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
INSERT INTO "memos" VALUES(1,'default','results','day-1','uid-finished',0,'{"result":"1"}',1790000000002,1790000000002);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('writer','0.1.0');
CREATE TABLE nodes (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  json TEXT NOT NULL,
  UNIQUE (run, ordinal)
) STRICT;
INSERT INTO "nodes" VALUES(1,1,-1,'{"ordinal":-1}');
INSERT INTO "nodes" VALUES(2,1,0,'{"ordinal":0}');
INSERT INTO "nodes" VALUES(3,2,-1,'{"ordinal":-1}');
INSERT INTO "nodes" VALUES(4,2,0,'{"ordinal":0}');
CREATE TABLE owners (
  run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  owner TEXT NOT NULL,
  processID INTEGER NOT NULL,
  processStart INTEGER NOT NULL,
  bootID TEXT NOT NULL,
  doorbell TEXT NOT NULL
) STRICT;
INSERT INTO "owners" VALUES(1,'one',4711,12345,'boot','/data/doorbells/one.sock');
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
INSERT INTO "resourceChanges" VALUES(1,'added','Namespace','','default','eaa7fe97-9ef0-4666-aa4e-ffb2ab06d3e1',NULL,'{}','{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default","uid":"eaa7fe97-9ef0-4666-aa4e-ffb2ab06d3e1","resourceVersion":"1","creationTimestamp":"2026-11-21T08:49:17Z"}}',178);
INSERT INTO "resourceChanges" VALUES(2,'added','ConfigMap','default','settings','92963673-8e6c-4b18-a7aa-fdfe6ad75e02',NULL,'{"team":"data"}','{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","labels":{"team":"data"},"namespace":"default","uid":"92963673-8e6c-4b18-a7aa-fdfe6ad75e02","resourceVersion":"2","creationTimestamp":"2026-11-21T08:49:17Z"},"data":{"color":"blue"}}',428);
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
INSERT INTO "resources" VALUES(1,'Namespace','','default','eaa7fe97-9ef0-4666-aa4e-ffb2ab06d3e1',1,'{}','{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default","uid":"eaa7fe97-9ef0-4666-aa4e-ffb2ab06d3e1","resourceVersion":"1","creationTimestamp":"2026-11-21T08:49:17Z"}}',NULL);
INSERT INTO "resources" VALUES(2,'ConfigMap','default','settings','92963673-8e6c-4b18-a7aa-fdfe6ad75e02',2,'{"team":"data"}','{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","labels":{"team":"data"},"namespace":"default","uid":"92963673-8e6c-4b18-a7aa-fdfe6ad75e02","resourceVersion":"2","creationTimestamp":"2026-11-21T08:49:17Z"},"data":{"color":"blue"}}',NULL);
CREATE TABLE runLabels (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  PRIMARY KEY (key, value, run)
) STRICT, WITHOUT ROWID;
INSERT INTO "runLabels" VALUES('team','data',1);
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
, bootID TEXT, expiresAt INTEGER) STRICT;
INSERT INTO "runs" VALUES(1,'uid-unfinished','default','unfinished','Running','',1800000000000,1800000000001,NULL,0,'0/1','{"team":"data"}','{"date":"2026-01-01"}',1,1,'boot',NULL);
INSERT INTO "runs" VALUES(2,'uid-finished','default','finished','Succeeded','done',1790000000000,1790000000001,1790000000002,0,'1/1','{}','{}',2,1,NULL,NULL);
CREATE TABLE secrets (
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE sources (
  run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  workflow TEXT NOT NULL,
  context TEXT NOT NULL,
  options TEXT NOT NULL
) STRICT;
INSERT INTO "sources" VALUES(1,'{"kind":"Workflow"}','["{\"kind\":\"ConfigMap\"}"]','{}');
INSERT INTO "sources" VALUES(2,'{"kind":"Workflow"}','["{\"kind\":\"ConfigMap\"}"]','{}');
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  hash BLOB NOT NULL UNIQUE,
  role TEXT NOT NULL,
  namespaces TEXT,
  createdAt INTEGER NOT NULL,
  expiresAt INTEGER
) STRICT;
INSERT INTO "tokens" VALUES(1,'ci',X'00','viewer','["team"]',1800000000000,NULL);
CREATE UNIQUE INDEX runsUnfinishedName ON runs (namespace, name) WHERE finishedAt IS NULL;
CREATE INDEX runsByName ON runs (namespace, name, createdAt);
CREATE INDEX runsUnfinished ON runs (createdAt DESC, id DESC) WHERE finishedAt IS NULL;
CREATE INDEX runsFinished ON runs (finishedAt DESC, id DESC) WHERE finishedAt IS NOT NULL;
CREATE INDEX runLabelsByRun ON runLabels (run);
CREATE INDEX commandsByRun ON commands (run, id);
CREATE INDEX resourcesByNamespace ON resources (namespace);
CREATE INDEX lockHoldersByRun ON lockHolders (run, node);
CREATE INDEX lockQueueByRun ON lockQueue (run, node);
CREATE INDEX lockQueueOrder ON lockQueue (lock, priority DESC, createdAt, id);
CREATE INDEX runsByExpiry ON runs (expiresAt) WHERE expiresAt IS NOT NULL;
CREATE INDEX runsWaiting ON runs (priority DESC, createdAt, id) WHERE finishedAt IS NULL;
CREATE INDEX runsFinishedInNamespace ON runs (namespace, finishedAt DESC, id DESC) WHERE finishedAt IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('commands',1);
INSERT INTO "sqlite_sequence" VALUES('lockQueue',1);
INSERT INTO "sqlite_sequence" VALUES('tokens',1);
