-- What customers agreed to and took back (B-38). Nothing here is ever changed: the last word holds.
CREATE TABLE consent (
    id BIGINT PRIMARY KEY,
    customer BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    channel TEXT NOT NULL,
    given BOOLEAN NOT NULL,
    said_at BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    conversation BIGINT,
    author BIGINT,
    noted_at BIGINT NOT NULL
);
CREATE INDEX consent_customer ON consent (customer, id);

-- A batch for a purpose goes only to numbers whose owners agree to it.
ALTER TABLE batch ADD COLUMN purpose TEXT NOT NULL DEFAULT '';

-- What an import did to each customer, so that all of it can be taken back for a while: as they were before (nothing
-- where they are new), the version in which the import left them, and why they stayed when it was taken back.
CREATE TABLE customer_import_row (
    import BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    version BIGINT NOT NULL,
    was TEXT,
    kept TEXT,
    PRIMARY KEY (import, customer)
);
ALTER TABLE customer_import ADD COLUMN undone_by BIGINT;
ALTER TABLE customer_import ADD COLUMN undo_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customer_import ADD COLUMN taken_back BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customer_import ADD COLUMN restored BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customer_import ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;

-- Customers who are perhaps one person, with what they share, until somebody merges them or says that they are not; and
-- how far the search through all customers is. A run stands at a place of `contact_point`.
CREATE TABLE duplicate_pair (
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    shares TEXT NOT NULL,
    score BIGINT NOT NULL,
    different BOOLEAN NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (a, b)
);
CREATE INDEX duplicate_pair_list ON duplicate_pair (different, score, a, b);
CREATE TABLE duplicate_run (
    id BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    kind BIGINT NOT NULL,
    term BYTEA NOT NULL,
    customer BIGINT NOT NULL,
    passed BIGINT NOT NULL,
    total BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- Running tickets that go over to another version of their kind, and how far that is.
CREATE TABLE ticket_migration (
    id BIGINT PRIMARY KEY,
    of_type BIGINT NOT NULL,
    author BIGINT,
    before_kind BIGINT NOT NULL,
    after_kind BIGINT NOT NULL,
    mapping TEXT NOT NULL,
    after_id BIGINT NOT NULL,
    passed BIGINT NOT NULL,
    total BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX ticket_migration_of ON ticket_migration (of_type, id);
CREATE INDEX ticket_migration_running ON ticket_migration (id) WHERE ended_at IS NULL;

-- Questions to a list that somebody shares with a team, or with everybody.
CREATE TABLE shared_view (
    id BIGINT PRIMARY KEY,
    room TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    team BIGINT,
    author BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX shared_view_room ON shared_view (room, id);

-- When somebody who was asked is reminded, once.
ALTER TABLE survey_ask ADD COLUMN remind_at BIGINT;
CREATE INDEX survey_ask_remind ON survey_ask (remind_at) WHERE remind_at IS NOT NULL;
