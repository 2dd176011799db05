// The exams of the list as they stand there, so that one exam's page knows its neighbours.
import { ANY, exam as askExam, type Exam, exams } from "../api/exams";

const MOST = 100;
let listed: Exam[] = [];
let stale = false;

/** The list shows these now. */
export function remember(shown: Exam[]): void {
  listed = shown;
}

/** An exam of the list, at once; undefined when the list never showed it. */
export function known(id: string): Exam | undefined {
  return listed.find((each) => each.id === id);
}

/** My exams around that one, in the order of the list; asked for when the list was never open, or does not go back so far. */
export async function around(id: string): Promise<Exam[]> {
  if (!known(id)) {
    listed = (await exams(ANY, "", MOST)).items;
  }
  if (id && !known(id)) {
    listed = [...listed, await askExam(id)];
  }
  return listed;
}

/** Something was opened: the list is not what it was. */
export function changed(): void {
  stale = true;
}

/** True once after something changed. */
export function hasChanged(): boolean {
  const was = stale;
  stale = false;
  return was;
}
