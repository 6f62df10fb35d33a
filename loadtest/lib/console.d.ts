/** What k6 has of it and the declarations leave out. */
declare const console: { error(text: string): void };
