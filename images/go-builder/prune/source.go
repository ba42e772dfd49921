package main

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// source is one file of Go and its syntax tree.
type source struct {
	text []byte
	file *token.File
	tree *ast.File
}

// An edit puts text in the place of source; wholeLines takes the lines away that the place fills, with the comment right above them.
type edit struct {
	from, to   token.Pos
	text       string
	wholeLines bool
}

func parse(text []byte) (*source, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{text: text, file: set.File(tree.FileStart), tree: tree}, nil
}

// written is a node as the source spells it.
func (source *source) written(node ast.Node) string {
	return string(source.text[source.file.Offset(node.Pos()):source.file.Offset(node.End())])
}

func lines(node ast.Node) edit {
	return edit{from: node.Pos(), to: node.End(), wholeLines: true}
}

func (source *source) change(edit edit) ([]byte, error) {
	from, to := source.file.Offset(edit.from), source.file.Offset(edit.to)
	if edit.wholeLines {
		var err error
		if from, to, err = source.linesOf(edit); err != nil {
			return nil, err
		}
	}
	return bytes.Join([][]byte{source.text[:from], source.text[to:]}, []byte(edit.text)), nil
}

// linesOf is where the lines of an edit begin and end. Of two blank lines that would meet one goes too, and none is left at the edge of a
// block or at the end: source as gofmt writes it stays so.
func (source *source) linesOf(edit edit) (int, int, error) {
	from := source.lineStart(source.file.Offset(source.withComment(edit.from)))
	to := source.lineEnd(source.file.Offset(edit.to))
	after := strings.TrimSpace(string(source.text[source.file.Offset(edit.to):to]))
	if !source.startsLine(edit.from) || (after != "" && !strings.HasPrefix(after, "//")) {
		return 0, 0, errors.New("shares its line with something else")
	}
	above := strings.TrimSpace(string(source.text[source.lineStart(max(from-1, 0)):from]))
	below := strings.TrimSpace(string(source.text[to:source.lineEnd(to)]))
	if below == "" && to < len(source.text) && (above == "" || strings.ContainsAny(above[len(above)-1:], "{(:")) {
		return from, source.lineEnd(to), nil
	}
	if above == "" && (to == len(source.text) || strings.ContainsAny(below[:min(len(below), 1)], "})")) {
		return source.lineStart(max(from-1, 0)), to, nil
	}
	return from, to, nil
}

// startsLine tells whether nothing but space stands before a place in its line.
func (source *source) startsLine(place token.Pos) bool {
	offset := source.file.Offset(place)
	return len(bytes.TrimSpace(source.text[source.lineStart(offset):offset])) == 0
}

// withComment is where the comment right above a place begins, or the place itself.
func (source *source) withComment(place token.Pos) token.Pos {
	for _, group := range source.tree.Comments {
		if source.startsLine(group.Pos()) && source.line(group.End())+1 == source.line(place) {
			return group.Pos()
		}
	}
	return place
}

// line is the number of a line in the file itself, whatever a line directive says.
func (source *source) line(place token.Pos) int {
	return source.file.PositionFor(place, false).Line
}

func (source *source) lineStart(offset int) int {
	return bytes.LastIndexByte(source.text[:offset], '\n') + 1
}

// lineEnd is where the next line starts.
func (source *source) lineEnd(offset int) int {
	if end := bytes.IndexByte(source.text[offset:], '\n'); end >= 0 {
		return offset + end + 1
	}
	return len(source.text)
}
