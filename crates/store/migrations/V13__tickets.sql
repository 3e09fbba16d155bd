-- Tickets (E2). What one is, whole, is JSON; the columns are what lists, boards and clocks ask for.
CREATE TABLE ticket (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    serial TEXT NOT NULL,
    of_type BIGINT NOT NULL,
    version BIGINT NOT NULL,
    line BIGINT NOT NULL,
    state TEXT NOT NULL,
    phase TEXT NOT NULL,
    severity BIGINT NOT NULL,
    team BIGINT,
    owner BIGINT,
    author BIGINT,
    customer BIGINT,
    conversation BIGINT,
    parent BIGINT,
    -- A move waits for somebody who may allow it.
    asks BOOLEAN NOT NULL,
    words TEXT NOT NULL,
    body TEXT NOT NULL,
    -- When the most urgent running clock runs out, and when a clock next has something to say.
    due_at BIGINT,
    next_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at BIGINT,
    -- Of the request that opened it, where that named a key.
    request BIGINT
);
CREATE UNIQUE INDEX ticket_request ON ticket (request) WHERE request IS NOT NULL;
CREATE UNIQUE INDEX ticket_serial ON ticket (serial);
CREATE INDEX ticket_open ON ticket (id) WHERE closed_at IS NULL;
CREATE INDEX ticket_due ON ticket (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX ticket_next ON ticket (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ticket_state ON ticket (of_type, state, id);
CREATE INDEX ticket_board ON ticket (of_type, state, id) WHERE closed_at IS NULL;
CREATE INDEX ticket_owner_open ON ticket (owner, id) WHERE closed_at IS NULL;
CREATE INDEX ticket_team ON ticket (team, id) WHERE closed_at IS NULL;
CREATE INDEX ticket_owner ON ticket (owner, id) WHERE owner IS NOT NULL;
CREATE INDEX ticket_author ON ticket (author, id) WHERE author IS NOT NULL;
CREATE INDEX ticket_asks ON ticket (id) WHERE asks;
CREATE INDEX ticket_customer ON ticket (customer, id) WHERE customer IS NOT NULL;
CREATE INDEX ticket_conversation ON ticket (conversation, id) WHERE conversation IS NOT NULL;
CREATE INDEX ticket_parent ON ticket (parent, id) WHERE parent IS NOT NULL;

CREATE TABLE ticket_watcher (
    person BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    PRIMARY KEY (person, ticket)
);
CREATE INDEX ticket_watcher_ticket ON ticket_watcher (ticket);

-- Answers that lists filter by.
CREATE TABLE ticket_value (
    of_type BIGINT NOT NULL,
    field TEXT NOT NULL,
    term TEXT NOT NULL,
    -- So that the few that still run are found among the many that are closed.
    is_open BOOLEAN NOT NULL,
    ticket BIGINT NOT NULL,
    PRIMARY KEY (of_type, field, term, is_open, ticket)
);
CREATE INDEX ticket_value_ticket ON ticket_value (ticket);

-- Files of notes and of fields: who may read the ticket may read them.
CREATE TABLE ticket_file (
    file BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    PRIMARY KEY (file, ticket)
);

-- Every version of a kind of ticket: what runs stays on its own.
CREATE TABLE ticket_type_version (
    of_type BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (of_type, version)
);

-- What came out of a template pack, and the hash of what the pack said: so that nobody's change is overwritten.
CREATE TABLE pack_item (
    pack TEXT NOT NULL,
    item TEXT NOT NULL,
    kind TEXT NOT NULL,
    record BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (pack, item)
);

-- Promises to customers (B-02).
CREATE TABLE promise (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    owner BIGINT NOT NULL,
    ticket BIGINT,
    conversation BIGINT,
    customer BIGINT,
    body TEXT NOT NULL,
    is_open BOOLEAN NOT NULL,
    first_due_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    next_at BIGINT
);
CREATE INDEX promise_open ON promise (due_at, id) WHERE is_open;
CREATE INDEX promise_due ON promise (first_due_at, id);
CREATE INDEX promise_next ON promise (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX promise_ticket ON promise (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX promise_conversation ON promise (conversation) WHERE conversation IS NOT NULL;
CREATE INDEX promise_customer ON promise (customer) WHERE customer IS NOT NULL;
