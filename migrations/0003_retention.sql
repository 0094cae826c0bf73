ALTER TABLE `runs` ADD `moved_at` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `runs` ADD `pinned` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `runs` ADD `layer_notice_at` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `pre_images_notice_at` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `pre_images_gone_at` integer;--> statement-breakpoint
CREATE INDEX `runs_parent` ON `runs` (`parent`);--> statement-breakpoint
CREATE INDEX `runs_notice` ON `runs` (`pre_images_notice_at`) WHERE "runs"."pre_images_notice_at" is not null;--> statement-breakpoint
CREATE INDEX `runs_layer` ON `runs` (`moved_at`) WHERE "runs"."layer" is not null;--> statement-breakpoint
CREATE INDEX `run_details_output` ON `run_details` (`output`);--> statement-breakpoint
-- Written by hand: what is there already counts from its beginning.
UPDATE `runs` SET `moved_at` = `created_at`;