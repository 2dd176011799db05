// The film, dark and without furniture: page by page, zoomed without steps, and each cell opens the image that lies there.
import Taro from "@tarojs/taro";
import { useEffect, useRef, useState } from "react";

import { type Cell, filmPage, filmPath, films, SMALL_FILM, WAITING } from "../../api/exams";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Picture } from "../../parts/Picture";
import { Button, Empty } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { openViewer, replace } from "../../state/go";
import { known } from "../../state/history";
import { useSteps } from "../../state/steps";
import { useWords } from "../../words";
import { filmWords } from "../../words/film";
import { Sheet, type Zoom } from "./Sheet";
import { widthFor } from "./tiers";
import "./index.css";

export default function Film() {
  const say = useWords(filmWords);
  const id = Taro.getCurrentInstance().router?.params.id || "";
  const { answer, problem, again } = useAnswer(() => films(id), [id]);
  const [n, setN] = useState(1);
  const count = answer?.items.length || 0;
  const none = problem || (answer && count === 0);
  const exam = known(id);
  return (
    <Page title={say.filmTitle} dark bare={!none} hospital={exam?.hospital.code}>
      {problem && <ExamFault exam={id} problem={problem} again={again} />}
      {answer && count === 0 && (
        <Empty title={exam && WAITING.includes(exam.state) ? exam.state_text : say.noFilm}>
          <Button kind="quiet" onTap={() => replace("exam", { id })}>
            {say.toExam}
          </Button>
        </Empty>
      )}
      {!none && <Sheets id={id} n={n} count={count} onTurn={setN} size={answer?.items[n - 1]} />}
    </Page>
  );
}

interface SheetsProps {
  id: string;
  n: number;
  count: number; // 0 while we do not know yet: the first page is shown all the same
  onTurn: (n: number) => void;
  size?: { width: number; height: number };
}

function Sheets({ id, n, count, onTurn, size }: SheetsProps) {
  const say = useWords(filmWords);
  const zoom = useRef<Zoom>(null);
  const [scale, setScale] = useState(1);
  const [width, setWidth] = useState(() => widthFor(1));
  const cells = useCells(id, n);
  const [listed, setListed] = useState(false);
  useSteps(listed ? 1 : 0, () => setListed(false));
  const turn = (by: number) => {
    zoom.current?.whole();
    onTurn(Math.min(Math.max(n + by, 1), count));
  };
  const onScale = (now: number) => {
    setScale(now);
    setWidth((had) => Math.max(had, widthFor(now))); // sharper when it is larger; never back
  };
  const onPlace = (x: number, y: number) => {
    const full = size || { width: 1, height: 1 };
    const hit = cells.find((cell) => inside(cell, x * full.width, y * full.height));
    if (hit) {
      openCell(id, hit);
    }
  };
  return (
    <div className="film">
      <Sheet ref={zoom} onScale={onScale} onDoubleTap={onPlace} onTurn={turn} ratio={size ? size.width / size.height : 0.8}>
        <Picture key={`small ${n}`} className="film-first" path={filmPath(id, n, SMALL_FILM)} words="" atOnce />
        <Picture key={n} className="film-picture" path={filmPath(id, n, width)} words={say.filmAlt(n)} atOnce />
      </Sheet>
      <div className="film-tools">
        <div className="film-row">
          <Button kind="plain" off={n <= 1} onTap={() => turn(-1)}>
            {say.previousPage}
          </Button>
          <span className="film-place" role="status">
            {count ? say.pageOf(n, count) : ""}
          </span>
          <Button kind="plain" off={n >= count} onTap={() => turn(1)}>
            {say.nextPage}
          </Button>
        </div>
        <div className="film-row">
          <Button kind="plain" onTap={() => zoom.current?.by(0.667)} off={scale <= 1}>
            {say.zoomOut}
          </Button>
          <Button kind="plain" onTap={() => zoom.current?.whole()} off={scale <= 1}>
            {say.zoomReset}
          </Button>
          <Button kind="plain" onTap={() => zoom.current?.by(1.5)}>
            {say.zoomIn}
          </Button>
          {cells.length > 0 && (
            <Button kind="plain" onTap={() => setListed(!listed)}>
              {listed ? say.close : say.cells}
            </Button>
          )}
        </div>
        {listed && (
          <div className="film-cells">
            {cells.map((cell, index) => (
              <button
                className="film-cell"
                key={`${cell.x} ${cell.y}`}
                aria-label={say.openImage(index + 1, cells.length)}
                onClick={() => openCell(id, cell)}
              >
                {index + 1}
              </button>
            ))}
          </div>
        )}
        <p className="text film-note">
          {cells.length > 0 ? `${say.filmHint} · ` : ""}
          {say.notForDiagnosis}
        </p>
      </div>
    </div>
  );
}

/** Where which image lies on a page; none until we know, and none on a film of which nobody knows. */
function useCells(id: string, n: number): Cell[] {
  const [cells, setCells] = useState<Cell[]>([]);
  useEffect(() => {
    let wanted = true;
    setCells([]);
    filmPage(id, n).then(
      (page) => wanted && setCells(page.cells || []),
      () => undefined, // the film can be read all the same
    );
    return () => {
      wanted = false;
    };
  }, [id, n]);
  return cells;
}

function inside(cell: Cell, x: number, y: number): boolean {
  return x >= cell.x && x < cell.x + cell.width && y >= cell.y && y < cell.y + cell.height;
}

function openCell(exam: string, cell: Cell): void {
  openViewer({ study: cell.study, series: cell.series, instance: cell.instance, frame: String(cell.frame), exam });
}
