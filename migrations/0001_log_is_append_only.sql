-- The log is only appended to; payloads may be deleted by retention, but never changed.
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER payloads_refuse_update BEFORE UPDATE ON payloads BEGIN SELECT RAISE(ABORT, 'event payloads never change'); END;
