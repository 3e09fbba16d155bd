-- When customers were last sorted into segments (B-37), how far a run is, and whether somebody asked for one.
CREATE TABLE segment_run (
    id BIGINT PRIMARY KEY,
    asked_at BIGINT NOT NULL,
    started_at BIGINT,
    passed BIGINT NOT NULL,
    total BIGINT NOT NULL,
    after_id BIGINT NOT NULL,
    ended_at BIGINT
);

-- Leads (B-46): whose they are and since when, until when somebody has to write, and what came of them.
ALTER TABLE lead ADD COLUMN area TEXT NOT NULL DEFAULT '';
ALTER TABLE lead ADD COLUMN level TEXT NOT NULL DEFAULT '';
ALTER TABLE lead ADD COLUMN validity TEXT NOT NULL DEFAULT 'open';
ALTER TABLE lead ADD COLUMN given_at BIGINT;
ALTER TABLE lead ADD COLUMN touched_at BIGINT;
ALTER TABLE lead ADD COLUMN reclaim_at BIGINT;
ALTER TABLE lead ADD COLUMN returns BIGINT NOT NULL DEFAULT 0;
CREATE INDEX lead_reclaim ON lead (reclaim_at) WHERE reclaim_at IS NOT NULL;
CREATE INDEX lead_owner ON lead (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX lead_given ON lead (given_at) WHERE given_at IS NOT NULL;
CREATE INDEX lead_customer ON lead (customer, id) WHERE customer IS NOT NULL;

-- What happened to a lead, the last at the end.
CREATE TABLE lead_note (
    id BIGINT PRIMARY KEY,
    lead BIGINT NOT NULL,
    kind TEXT NOT NULL,
    author BIGINT,
    person BIGINT,
    text TEXT NOT NULL,
    written_at BIGINT NOT NULL
);
CREATE INDEX lead_note_lead ON lead_note (lead, id);
