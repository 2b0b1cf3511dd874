PRAGMA foreign_keys = ON;

CREATE TABLE knowledge_bases (
    name   TEXT NOT NULL,
    org_id TEXT NOT NULL,
    PRIMARY KEY (org_id, name)
);

CREATE TABLE documents (
    row            INTEGER PRIMARY KEY AUTOINCREMENT,
    org_id         TEXT NOT NULL,
    knowledge_base TEXT NOT NULL,
    source         TEXT NOT NULL,
    owner          TEXT NOT NULL
);

-- Who may read a document; a document without a line here is open to its organisation.
CREATE TABLE document_principals (
    document  INTEGER NOT NULL REFERENCES documents (row) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    PRIMARY KEY (document, principal)
);

-- Notes of users (no document) and chunks of documents.
CREATE TABLE entries (
    row            INTEGER PRIMARY KEY AUTOINCREMENT,
    org_id         TEXT NOT NULL,
    knowledge_base TEXT NOT NULL,
    document       INTEGER REFERENCES documents (row),
    owner          TEXT NOT NULL,
    content        TEXT NOT NULL,
    importance     REAL NOT NULL
);
CREATE INDEX entries_by_owner ON entries (owner);
CREATE INDEX entries_by_document ON entries (document);

CREATE VIRTUAL TABLE entries_fts USING fts5 (
    content, content = 'entries', content_rowid = 'row', tokenize = 'porter unicode61'
);
CREATE TRIGGER entries_insert AFTER INSERT ON entries BEGIN
    INSERT INTO entries_fts (rowid, content) VALUES (new.row, new.content);
END;
CREATE TRIGGER entries_delete AFTER DELETE ON entries BEGIN
    INSERT INTO entries_fts (entries_fts, rowid, content) VALUES ('delete', old.row, old.content);
END;

-- The graph: names that occur in documents, and the edges to where they do.
CREATE TABLE entities (name TEXT PRIMARY KEY);
CREATE TABLE mentions (
    document INTEGER NOT NULL REFERENCES documents (row) ON DELETE CASCADE,
    entity   TEXT NOT NULL REFERENCES entities (name),
    PRIMARY KEY (document, entity)
);
CREATE INDEX mentions_by_entity ON mentions (entity);

CREATE TABLE quotas (user_id TEXT PRIMARY KEY, bytes_max INTEGER NOT NULL);
