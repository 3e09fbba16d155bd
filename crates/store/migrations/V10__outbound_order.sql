-- What is due leaves in the order of its instants, and thousands of a batch share one: the index holds their order.
CREATE INDEX outbound_order ON outbound (channel, next_at, id) WHERE state = 'waiting';
DROP INDEX outbound_due;
