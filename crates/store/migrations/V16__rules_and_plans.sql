-- What rules did, and what they still have to do: each step of a rule once for each event that set it off.
CREATE TABLE rule_run (
    id BIGINT PRIMARY KEY,
    rule BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    step BIGINT NOT NULL,
    on_kind BIGINT NOT NULL,
    on_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The step as it was then, what it led to, and the rules that led to it.
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX rule_run_once ON rule_run (rule, seq, step);
CREATE INDEX rule_run_due ON rule_run (due_at, id) WHERE state = 'waiting';
CREATE INDEX rule_run_rule ON rule_run (rule, id);
CREATE INDEX rule_run_lately ON rule_run (on_id, rule, made_at);

-- Plans of visits (B-33). What one is, whole, is JSON.
CREATE TABLE plan (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    -- Visits of it have no ticket yet.
    is_making BOOLEAN NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX plan_making ON plan (id) WHERE is_making;

CREATE TABLE plan_visit (
    plan BIGINT NOT NULL,
    place BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    person BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    ticket BIGINT,
    -- Why it has none.
    problem TEXT,
    PRIMARY KEY (plan, place)
);
CREATE INDEX plan_visit_waiting ON plan_visit (plan, place) WHERE ticket IS NULL AND problem IS NULL;
CREATE INDEX plan_visit_customer ON plan_visit (customer);

-- The files of a ticket by their names.
CREATE INDEX ticket_file_ticket ON ticket_file (ticket, file);
