//! What concerns the site as a whole.

use crate::sql::sql;

sql! {
    pub(crate) HIGHEST_ID = "
        SELECT max(highest) FROM (
            SELECT max(id) AS highest FROM conversation
            UNION ALL SELECT max(id) FROM customer
            UNION ALL SELECT max(id) FROM visitor
            UNION ALL SELECT max(id) FROM file
            UNION ALL SELECT max(id) FROM lead
            UNION ALL SELECT max(id) FROM lead_note
            UNION ALL SELECT max(id) FROM api_key
            UNION ALL SELECT max(id) FROM delivery
            UNION ALL SELECT max(id) FROM record
            UNION ALL SELECT max(on_id) FROM event WHERE on_kind <> 1
        ) AS every_id";
}
