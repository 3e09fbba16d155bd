-- Orders (B-15 to B-17). What one is, whole, is JSON; the columns are what lists, searches and the timer ask for.
CREATE TABLE shop_order (
    id BIGINT PRIMARY KEY,
    -- The shop's own number in small letters, and the same from its end.
    number_key BYTEA NOT NULL,
    number_back BYTEA NOT NULL,
    version BIGINT NOT NULL,
    customer BIGINT,
    state TEXT NOT NULL,
    -- Something has to be settled with the customer before it can go.
    unsure BOOLEAN NOT NULL,
    -- An exception is not arranged yet.
    troubled BOOLEAN NOT NULL,
    words TEXT NOT NULL,
    body TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    -- What was promised, while it is not there.
    due_at BIGINT,
    -- When the product itself has something to do.
    next_at BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX shop_order_number ON shop_order (number_key);
CREATE INDEX shop_order_number_back ON shop_order (number_back);
CREATE INDEX shop_order_placed ON shop_order (placed_at, id);
CREATE INDEX shop_order_due ON shop_order (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX shop_order_next ON shop_order (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX shop_order_customer ON shop_order (customer, placed_at) WHERE customer IS NOT NULL;
CREATE INDEX shop_order_unsure ON shop_order (placed_at, id) WHERE unsure;
CREATE INDEX shop_order_troubled ON shop_order (placed_at, id) WHERE troubled;

-- The cases that exceptions of orders opened.
CREATE TABLE order_ticket (
    ticket BIGINT PRIMARY KEY,
    of_order BIGINT NOT NULL
);

-- Goods, with what may come instead of them.
CREATE TABLE product (
    id BIGINT PRIMARY KEY,
    sku_key BYTEA NOT NULL,
    version BIGINT NOT NULL,
    words TEXT NOT NULL,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX product_sku ON product (sku_key);
