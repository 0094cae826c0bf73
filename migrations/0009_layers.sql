ALTER TABLE `runs` ADD `applying` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `applied_as` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `applied_with` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `stale_by` text;