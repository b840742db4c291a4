#!/usr/bin/env bash
# A LaTeX document that includes an export's figures, pgfplots sources and tables: it is set without errors, and no line of a figure or
# table is wider than the page allows. Needs pdflatex with pgfplots and booktabs; says so where they are missing. With a folder as
# argument, the document stays there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common/program.sh"
command -v pdflatex > /dev/null || skip "pdflatex is missing (apt-get install texlive-latex-recommended texlive-pictures texlive-latex-extra)"
kpsewhich pgfplots.sty > /dev/null || skip "pgfplots is missing (apt-get install texlive-pictures)"
folder=${1:-$(mktemp -d)}
[ -n "${1:-}" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"
(cd "$root" && "$program" export --results "${RESULTS:-results}" --out "$folder/paper" --width 84mm --font serif --size 8pt --quiet 2> /dev/null)
cd "$folder"
{
    cat <<'TEX'
\documentclass[10pt]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb,array,booktabs,longtable,graphicx,pgfplots}
\usepackage{lmodern}\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.17}
\newcommand\lemmascopedata{paper/pgfplots/}
\begin{document}
\section*{Tables}
\small
TEX
    for table in paper/tables/*.tex; do echo "\\subsection*{$(basename "$table" .tex)}\\input{$table}"; done
    echo '\clearpage\section*{Figures as PDF}'
    for figure in paper/figures/*.pdf; do echo "\\noindent\\includegraphics{{${figure%.pdf}}.pdf}\\par\\smallskip"; done
    echo '\clearpage\section*{Figures by pgfplots}'
    for source in paper/pgfplots/*.tex; do echo "\\noindent\\input{$source}\\par\\smallskip"; done
    echo '\end{document}'
} > document.tex
pdflatex -interaction=nonstopmode -halt-on-error document.tex > document.out 2>&1 || { tail -30 document.out; exit 1; }
# A second time: widths of long tables are known then.
pdflatex -interaction=nonstopmode -halt-on-error document.tex > document.out 2>&1 || { tail -30 document.out; exit 1; }
if grep -E '^Overfull \\hbox \(([2-9][0-9]|[0-9]{3,})\.' document.out; then
    echo "something is wider than the page"
    exit 1
fi
echo "the document has $(grep -oE '[0-9]+ pages' document.out | tail -1)"
