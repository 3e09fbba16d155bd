-- One text for SQLite and PostgreSQL. Instants are milliseconds UTC; ids are BIGINT; bytes compare bytewise on both.

CREATE TABLE event (
    site BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    on_kind BIGINT NOT NULL,
    on_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    audited BOOLEAN NOT NULL,
    actor_kind BIGINT NOT NULL,
    actor_id BIGINT NOT NULL,
    audience BIGINT NOT NULL,
    body BYTEA,
    private_body TEXT,
    salt BYTEA,
    digest BYTEA NOT NULL,
    chain BYTEA NOT NULL,
    PRIMARY KEY (site, seq)
);
CREATE INDEX event_on ON event (on_id, seq);
CREATE INDEX event_audited ON event (kind, seq) WHERE audited;

CREATE TABLE conversation (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    line BIGINT NOT NULL,
    medium TEXT NOT NULL,
    phase TEXT NOT NULL,
    lang TEXT NOT NULL,
    visitor BIGINT NOT NULL,
    customer BIGINT,
    queue BIGINT,
    agent BIGINT,
    widget BIGINT,
    vip BOOLEAN NOT NULL,
    segment BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    closed_at BIGINT,
    unread BIGINT NOT NULL,
    preview TEXT NOT NULL,
    rating BIGINT,
    flag TEXT,
    follow_up_at BIGINT,
    record_due BIGINT,
    page TEXT,
    page_title TEXT,
    landing TEXT,
    referrer TEXT,
    campaign TEXT,
    live TEXT NOT NULL
);
CREATE INDEX conversation_started ON conversation (started_at, id);
CREATE INDEX conversation_customer ON conversation (customer, started_at, id) WHERE customer IS NOT NULL;
CREATE INDEX conversation_visitor ON conversation (visitor, started_at, id);
CREATE INDEX conversation_queue ON conversation (queue, started_at, id);
-- Wrap-up counts as open: a rebuild needs it. `closed_at` is when the customer's part ended.
CREATE INDEX conversation_open ON conversation (started_at, id) WHERE phase <> 'closed';
CREATE INDEX conversation_record_due ON conversation (started_at, id) WHERE record_due IS NOT NULL;

-- `started_at` is repeated so that a list by tag or by agent reads one index in its order.
CREATE TABLE conversation_tag (
    conversation BIGINT NOT NULL,
    tag BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (conversation, tag)
);
CREATE INDEX conversation_tag_list ON conversation_tag (tag, started_at, conversation);

-- Everyone who holds or held it, guests too.
CREATE TABLE conversation_agent (
    conversation BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (conversation, agent)
);
CREATE INDEX conversation_agent_list ON conversation_agent (agent, started_at, conversation);

CREATE TABLE agent (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    live TEXT NOT NULL
);

CREATE TABLE record (
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (kind, id)
);
CREATE INDEX record_list ON record (kind, sort_key, id);

CREATE TABLE customer (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    line BIGINT,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    company TEXT NOT NULL,
    address TEXT NOT NULL,
    vip BOOLEAN NOT NULL,
    tags TEXT NOT NULL,
    note TEXT NOT NULL,
    external_id TEXT NOT NULL,
    merged_into BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX customer_list ON customer (sort_key, id) WHERE deleted_at IS NULL;

-- What finds a customer, normalised; a prefix of `term` is a range of bytes.
CREATE TABLE contact_point (
    kind TEXT NOT NULL,
    term BYTEA NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (kind, term, customer)
);
CREATE INDEX contact_point_customer ON contact_point (customer);

CREATE TABLE visitor (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    widget BIGINT,
    customer BIGINT,
    name TEXT NOT NULL,
    lang TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    visits BIGINT NOT NULL,
    notice_version BIGINT NOT NULL,
    notice_at BIGINT,
    guardian BOOLEAN NOT NULL,
    ip TEXT NOT NULL,
    browser TEXT NOT NULL,
    landing TEXT NOT NULL,
    referrer TEXT NOT NULL,
    campaign TEXT NOT NULL
);
CREATE INDEX visitor_customer ON visitor (customer) WHERE customer IS NOT NULL;

CREATE TABLE page_view (
    visitor BIGINT NOT NULL,
    viewed_at BIGINT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    referrer TEXT NOT NULL
);
CREATE INDEX page_view_visitor ON page_view (visitor, viewed_at);

CREATE TABLE credential (
    account BIGINT PRIMARY KEY,
    login TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret TEXT,
    totp_pending TEXT,
    totp_step BIGINT NOT NULL,
    failed_count BIGINT NOT NULL,
    locked_until_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX credential_login ON credential (login);

CREATE TABLE session (
    token_hash BYTEA PRIMARY KEY,
    account BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ip TEXT NOT NULL,
    browser TEXT NOT NULL
);
CREATE INDEX session_account ON session (account);

CREATE TABLE api_key (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    actions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX api_key_secret ON api_key (secret_hash);

CREATE TABLE idempotency (
    actor TEXT NOT NULL,
    request_key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (actor, request_key)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE file (
    id BIGINT PRIMARY KEY,
    hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    mime TEXT NOT NULL,
    name TEXT NOT NULL,
    conversation BIGINT,
    visitor BIGINT,
    account BIGINT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX file_hash ON file (hash);

CREATE TABLE consult (
    conversation BIGINT PRIMARY KEY,
    form BIGINT NOT NULL,
    version BIGINT NOT NULL,
    answers TEXT NOT NULL,
    complete BOOLEAN NOT NULL,
    agent BIGINT,
    updated_at BIGINT NOT NULL
);

CREATE TABLE lead (
    id BIGINT PRIMARY KEY,
    site BIGINT NOT NULL,
    line BIGINT NOT NULL,
    version BIGINT NOT NULL,
    widget BIGINT NOT NULL,
    visitor BIGINT,
    customer BIGINT,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    fields TEXT NOT NULL,
    status TEXT NOT NULL,
    owner BIGINT,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX lead_status ON lead (status, id);
CREATE INDEX lead_visitor ON lead (visitor, id) WHERE visitor IS NOT NULL;

CREATE TABLE delivery (
    id BIGINT PRIMARY KEY,
    webhook BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    last_status BIGINT,
    last_error TEXT NOT NULL
);
CREATE UNIQUE INDEX delivery_event ON delivery (webhook, event_seq);
CREATE INDEX delivery_list ON delivery (webhook, state, id);
CREATE INDEX delivery_waiting ON delivery (webhook, subject, event_seq) WHERE state = 'waiting';
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'waiting';

-- How far each reader of the event log has come.
CREATE TABLE reader (
    site BIGINT NOT NULL,
    name TEXT NOT NULL,
    reached_seq BIGINT NOT NULL,
    PRIMARY KEY (site, name)
);

CREATE TABLE preference (
    account BIGINT PRIMARY KEY,
    body TEXT NOT NULL
);

-- Facts for reports, written by a job from events. `until_at` is far in the future while a row is unfinished, so
-- that what touches a period is one range of an index.

CREATE TABLE contact_fact (
    conversation BIGINT PRIMARY KEY,
    line BIGINT NOT NULL,
    medium TEXT NOT NULL,
    lang TEXT NOT NULL,
    widget BIGINT,
    vip BOOLEAN NOT NULL,
    started_at BIGINT NOT NULL,
    landing TEXT NOT NULL,
    referrer TEXT NOT NULL,
    campaign TEXT NOT NULL,
    answered_at BIGINT,
    closed_at BIGINT,
    close_reason TEXT,
    ended_by TEXT,
    reopened BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    customer_messages BIGINT NOT NULL,
    person_messages BIGINT NOT NULL,
    suggestion_messages BIGINT NOT NULL,
    automatic_messages BIGINT NOT NULL,
    bot_messages BIGINT NOT NULL
);
CREATE INDEX contact_fact_started ON contact_fact (started_at);

CREATE TABLE visit_fact (
    site BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    line BIGINT NOT NULL,
    medium TEXT NOT NULL,
    vip BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    threshold_s BIGINT NOT NULL,
    left_at BIGINT,
    exit_reason TEXT,
    waited_ms BIGINT NOT NULL,
    agent BIGINT,
    PRIMARY KEY (site, seq)
);
CREATE INDEX visit_fact_entered ON visit_fact (entered_at);
CREATE INDEX visit_fact_conversation ON visit_fact (conversation);

CREATE TABLE segment_fact (
    conversation BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    team BIGINT,
    queue BIGINT,
    line BIGINT NOT NULL,
    medium TEXT NOT NULL,
    capacity_share BIGINT NOT NULL,
    waited_ms BIGINT NOT NULL,
    threshold_s BIGINT NOT NULL,
    by_hand BOOLEAN NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT,
    talk_ms BIGINT NOT NULL,
    wrap_at BIGINT,
    wrap_ms BIGINT NOT NULL,
    first_response_ms BIGINT,
    customer_messages BIGINT NOT NULL,
    agent_messages BIGINT NOT NULL,
    focus_ms BIGINT NOT NULL,
    rating_asked BOOLEAN NOT NULL,
    rating BIGINT,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (conversation, segment)
);
CREATE INDEX segment_fact_until ON segment_fact (until_at, started_at);

CREATE TABLE offer_fact (
    site BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    offered_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    after_ms BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (site, seq)
);
CREATE INDEX offer_fact_ended ON offer_fact (ended_at);

CREATE TABLE interval_fact (
    site BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    agent BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    ended_at BIGINT,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (site, seq)
);
CREATE INDEX interval_fact_until ON interval_fact (until_at, from_at);
CREATE INDEX interval_fact_open ON interval_fact (agent) WHERE ended_at IS NULL;

CREATE TABLE invitation_fact (
    site BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    visitor BIGINT NOT NULL,
    invitation BIGINT,
    variant BOOLEAN NOT NULL,
    page TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    accepted BOOLEAN,
    PRIMARY KEY (site, seq)
);
CREATE INDEX invitation_fact_happened ON invitation_fact (happened_at);
