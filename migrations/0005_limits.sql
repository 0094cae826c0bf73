CREATE TABLE `trusted_projects` (
	`project` text PRIMARY KEY NOT NULL,
	`trusted_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `runs` ADD `limits` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `breach` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `notes` text;