/** Items of a page when the request doesn't say ("Default: 50"). */
export const defaultPage = 50;
