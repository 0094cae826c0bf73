ALTER TABLE `run_details` ADD `transcript` text;--> statement-breakpoint
CREATE INDEX `run_details_transcript` ON `run_details` (`transcript`);--> statement-breakpoint
ALTER TABLE `runs` ADD `agent_work` text;