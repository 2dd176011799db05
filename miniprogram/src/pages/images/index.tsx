// The images of an exam that has several sets of them, or whose images another system shows.
import Taro from "@tarojs/taro";

import { exam as askExam, WAITING } from "../../api/exams";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Bones, Button, Empty } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { openViewer, replace } from "../../state/go";
import { useWords } from "../../words";
import { imagesWords } from "../../words/images";

export default function Images() {
  const say = useWords(imagesWords);
  const id = Taro.getCurrentInstance().router?.params.id || "";
  const { answer, problem, again } = useAnswer(() => askExam(id), [id]);
  return (
    <Page title={say.imagesTitle} hospital={answer?.hospital.code}>
      {problem && <ExamFault exam={id} problem={problem} again={again} />}
      {!answer && !problem && <Bones cards={1} />}
      {answer && answer.studies.length === 0 && (
        <Empty title={WAITING.includes(answer.state) ? answer.state_text : say.noImages}>
          {elsewhere(answer.elsewhere_url, say.elsewhere)}
          <Button kind="quiet" onTap={() => replace("exam", { id })}>
            {say.toExam}
          </Button>
        </Empty>
      )}
      {answer && answer.studies.length > 0 && (
        <>
          <p className="text">{say.imagesChoose}</p>
          <div className="stack">
            {answer.studies.map((study, index) => (
              <Button kind="quiet" key={study} onTap={() => openViewer({ study, exam: id })}>
                {say.study(index + 1)}
              </Button>
            ))}
          </div>
        </>
      )}
    </Page>
  );
}

function elsewhere(url: string | null, words: string) {
  if (!url || process.env.TARO_ENV !== "h5") {
    return null;
  }
  return (
    <a className="button quiet" href={url} rel="noreferrer noopener">
      {words}
    </a>
  );
}
