/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the tree of a condition, between its parser and its evaluation. Private to expression*.c.
 * Thread:    immutable once made. Ownership: expression_free() on the root frees all.
 */
#pragma once

#include "definition/expression/expression.h"

enum type { TYPE_NUMBER, TYPE_TEXT, TYPE_TRUTH };
enum name {
	NAME_WIDTH,
	NAME_HEIGHT,
	NAME_BANDS,
	NAME_HAS_ALPHA,
	NAME_ORIENTATION,
	NAME_FORMAT,
	NAME_MEGAPIXELS,
	NAME_DEPTH,
	NAME_PAGES
};

enum kind { KIND_VALUE, KIND_NAME, KIND_NOT, KIND_MINUS, KIND_BINARY, KIND_IN };
enum operator{
	OP_OR,
	OP_AND,
	OP_EQUAL,
	OP_UNEQUAL,
	OP_LESS,
	OP_MOST,
	OP_MORE,
	OP_LEAST,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV
};

struct value {
	double number; /* a truth is 0 or 1 */
	const char *text;
};

struct expression {
	enum kind kind;
	enum type type;
	gsize offset;
	enum name name;
	enum operator op;
	struct value value;
	char *owned;     /* the text of a literal */
	GPtrArray *with; /* operands; of `in` the left side, then the list */
};
