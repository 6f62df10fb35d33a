/** JSON that is finished: it goes out as it is, where other answers are objects that are rendered. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
