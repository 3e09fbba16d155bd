-- What a card has besides its first fields: kind, tier, area, owner, further contact points, answers to own fields.
ALTER TABLE customer ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
-- When the card was last checked or changed by a person, and what of it a message showed to be wrong: `,phone,`.
ALTER TABLE customer ADD COLUMN checked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN suspect TEXT NOT NULL DEFAULT '';
-- The segments that they belong to: `,1,2,`.
ALTER TABLE customer ADD COLUMN segments TEXT NOT NULL DEFAULT '';
-- By which version of the rules their terms and values below were made; what is older is made anew at the start.
ALTER TABLE customer ADD COLUMN derived BIGINT NOT NULL DEFAULT 0;
UPDATE customer SET checked_at = updated_at;
CREATE INDEX customer_underived ON customer (id) WHERE derived < 1;
CREATE INDEX customer_checked ON customer (checked_at, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_suspect ON customer (id) WHERE suspect <> '';
CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL;

-- What lists filter by, in the order in which they show it.
CREATE TABLE customer_value (
    field TEXT NOT NULL,
    term TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (field, term, sort_key, customer)
);
CREATE INDEX customer_value_customer ON customer_value (customer);

-- Who is what to whom: each relation once, told from `customer`.
CREATE TABLE customer_relation (
    customer BIGINT NOT NULL,
    other BIGINT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (customer, other, kind)
);
CREATE INDEX customer_relation_other ON customer_relation (other);

-- Files of customers on their way in: how far each is, and what of it was not taken.
CREATE TABLE customer_import (
    id BIGINT PRIMARY KEY,
    author BIGINT,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    passed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX customer_import_running ON customer_import (id) WHERE ended_at IS NULL;
CREATE TABLE customer_import_rejected (
    import BIGINT NOT NULL,
    line BIGINT NOT NULL,
    cells TEXT NOT NULL,
    reasons TEXT NOT NULL,
    PRIMARY KEY (import, line)
);
