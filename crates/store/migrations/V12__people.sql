-- One-time codes (B-05): of each only a keyed hash is kept. The slot keeps two from leaving for one place at once.
CREATE TABLE one_time_code (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    label TEXT NOT NULL,
    conversation BIGINT NOT NULL,
    customer BIGINT,
    hash BYTEA NOT NULL,
    slot BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE UNIQUE INDEX one_time_code_slot ON one_time_code (kind, term, slot);
CREATE INDEX one_time_code_conversation ON one_time_code (conversation, id);

-- Numbers and addresses that a customer proved to be theirs.
CREATE TABLE proven_point (
    customer BIGINT NOT NULL,
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    verified_at BIGINT NOT NULL,
    PRIMARY KEY (customer, kind, term)
);

-- Two customers that became one, and what moved: so that they can be taken apart again.
CREATE TABLE customer_merge (
    id BIGINT PRIMARY KEY,
    kept BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    -- `by_hand`, or the contact point that showed them to be one.
    reason TEXT NOT NULL,
    -- The kept one's card before and after.
    was TEXT NOT NULL,
    became TEXT NOT NULL,
    merged_at BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX customer_merge_kept ON customer_merge (kept, id);
CREATE TABLE customer_merge_row (
    merge_id BIGINT NOT NULL,
    noun TEXT NOT NULL,
    row_id BIGINT NOT NULL,
    PRIMARY KEY (merge_id, noun, row_id)
);

-- Registers: post, visitors, those who are not let in, groups. What an entry says is JSON; `words` is what is searched.
CREATE TABLE register_entry (
    id BIGINT PRIMARY KEY,
    book TEXT NOT NULL,
    serial TEXT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    words TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    happened_at BIGINT NOT NULL,
    file BIGINT,
    author BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX register_entry_serial ON register_entry (book, serial);
CREATE INDEX register_entry_list ON register_entry (book, id);

-- What was written down below an entry, such as a post in a group.
CREATE TABLE register_note (
    id BIGINT PRIMARY KEY,
    entry BIGINT NOT NULL,
    author BIGINT,
    text TEXT NOT NULL,
    batch BIGINT,
    written_at BIGINT NOT NULL
);
CREATE INDEX register_note_entry ON register_note (entry, id);
CREATE INDEX register_note_batch ON register_note (batch, id) WHERE batch IS NOT NULL;
