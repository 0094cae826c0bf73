ALTER TABLE `run_details` ADD `kept_paths` text;--> statement-breakpoint
ALTER TABLE `run_details` ADD `proposal` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `rerun_of` text;