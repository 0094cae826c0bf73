CREATE TABLE `approvals` (
	`id` text PRIMARY KEY NOT NULL,
	`run` text NOT NULL,
	`decision` text NOT NULL,
	`digest` text,
	`actor` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`run`) REFERENCES `runs`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `latches` (
	`name` text PRIMARY KEY NOT NULL,
	`on` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `run_details` (
	`run` text PRIMARY KEY NOT NULL,
	`changes` text NOT NULL,
	`outside` text NOT NULL,
	`conflicts` text NOT NULL,
	`applied_paths` text NOT NULL,
	`stdout` blob NOT NULL,
	`stderr` blob NOT NULL,
	`omitted_stdout` integer NOT NULL,
	`omitted_stderr` integer NOT NULL,
	`output` text,
	FOREIGN KEY (`run`) REFERENCES `runs`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `runs` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`project` text NOT NULL,
	`cwd` text NOT NULL,
	`command` text NOT NULL,
	`request` text NOT NULL,
	`status` text NOT NULL,
	`end_reason` text,
	`strength` text NOT NULL,
	`backend` text NOT NULL,
	`launcher` text NOT NULL,
	`walls` text NOT NULL,
	`exit_code` integer,
	`signal` text,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`duration_ms` integer,
	`usage` text,
	`counts` text NOT NULL,
	`digest` text,
	`check` text,
	`parent` text,
	`next` text,
	`layer` text,
	`xattrs` text NOT NULL,
	`parents` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_id_unique` ON `runs` (`id`);--> statement-breakpoint
CREATE INDEX `runs_project` ON `runs` (`project`,`number`);--> statement-breakpoint
CREATE INDEX `runs_status` ON `runs` (`status`);--> statement-breakpoint
CREATE TABLE `events` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`type` text NOT NULL,
	`actor` text NOT NULL,
	`subject` text NOT NULL,
	`payload_hash` text NOT NULL,
	`prev` blob NOT NULL,
	`hash` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `payloads` (
	`seq` integer PRIMARY KEY NOT NULL,
	`salt` blob NOT NULL,
	`payload` text NOT NULL,
	FOREIGN KEY (`seq`) REFERENCES `events`(`seq`) ON UPDATE no action ON DELETE no action
);
