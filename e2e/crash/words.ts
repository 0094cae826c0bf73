/** Names that the product promises, written down here again on purpose: a suite that asks the product would agree with it. */
export const STAGE_PREFIX = '.nexus-stage-'
