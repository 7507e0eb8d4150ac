/* SPDX-License-Identifier: GPL-2.0-or-later
 * Conditions and what they make of a picture: see expression.h. Reading them is expression_parse.c's. */
#include "definition/expression/expression_tree.h"

const char *const expression_names[] = {[NAME_WIDTH] = "width",
	[NAME_HEIGHT] = "height",
	[NAME_BANDS] = "bands",
	[NAME_HAS_ALPHA] = "has_alpha",
	[NAME_ORIENTATION] = "orientation",
	[NAME_FORMAT] = "format",
	[NAME_MEGAPIXELS] = "megapixels",
	[NAME_DEPTH] = "depth",
	[NAME_PAGES] = "pages",
	NULL};

void expression_free(struct expression *expression)
{
	if (!expression)
		return;
	if (expression->with)
		g_ptr_array_unref(expression->with);
	g_free(expression->owned);
	g_free(expression);
}

static struct value evaluate(const struct expression *expression, const struct picture_facts *facts);

static const struct expression *operand(const struct expression *expression, guint index)
{
	return g_ptr_array_index(expression->with, index);
}

static struct value number(double value)
{
	return (struct value){.number = value};
}

static struct value value_of(enum name name, const struct picture_facts *facts)
{
	const char *turned = facts->width > facts->height   ? "landscape"
			     : facts->width < facts->height ? "portrait"
							    : "square";

	switch (name) {
	case NAME_WIDTH:
		return number(facts->width);
	case NAME_HEIGHT:
		return number(facts->height);
	case NAME_BANDS:
		return number(facts->bands);
	case NAME_HAS_ALPHA:
		return number(facts->has_alpha);
	case NAME_MEGAPIXELS:
		return number(facts->width * facts->height / 1e6);
	case NAME_DEPTH:
		return number(facts->depth);
	case NAME_PAGES:
		return number(facts->pages);
	case NAME_ORIENTATION:
		return (struct value){.text = turned};
	case NAME_FORMAT:
		return (struct value){.text = facts->format ? facts->format : ""};
	}
	g_assert_not_reached();
}

static bool equal(enum type type, struct value a, struct value b)
{
	return type == TYPE_TEXT ? g_str_equal(a.text, b.text) : a.number == b.number;
}

static struct value binary(const struct expression *expression, const struct picture_facts *facts)
{
	struct value a = evaluate(operand(expression, 0), facts);

	if ((expression->op == OP_OR && a.number != 0) || (expression->op == OP_AND && a.number == 0))
		return a;
	struct value b = evaluate(operand(expression, 1), facts);
	switch (expression->op) {
	case OP_OR:
	case OP_AND:
		return b;
	case OP_EQUAL:
		return number(equal(operand(expression, 0)->type, a, b));
	case OP_UNEQUAL:
		return number(!equal(operand(expression, 0)->type, a, b));
	case OP_LESS:
		return number(a.number < b.number);
	case OP_MOST:
		return number(a.number <= b.number);
	case OP_MORE:
		return number(a.number > b.number);
	case OP_LEAST:
		return number(a.number >= b.number);
	case OP_ADD:
		return number(a.number + b.number);
	case OP_SUB:
		return number(a.number - b.number);
	case OP_MUL:
		return number(a.number * b.number);
	case OP_DIV: /* by zero: infinite, or nothing that compares */
		return number(a.number / b.number);
	}
	g_assert_not_reached();
}

static struct value evaluate(const struct expression *expression, const struct picture_facts *facts)
{
	switch (expression->kind) {
	case KIND_VALUE:
		return expression->value;
	case KIND_NAME:
		return value_of(expression->name, facts);
	case KIND_NOT:
		return number(evaluate(operand(expression, 0), facts).number == 0);
	case KIND_MINUS:
		return number(-evaluate(operand(expression, 0), facts).number);
	case KIND_BINARY:
		return binary(expression, facts);
	case KIND_IN: {
		struct value left = evaluate(operand(expression, 0), facts);
		for (guint i = 1; i < expression->with->len; i++)
			if (equal(operand(expression, 0)->type, left, evaluate(operand(expression, i), facts)))
				return number(1);
		return number(0);
	}
	}
	g_assert_not_reached();
}

bool expression_holds(const struct expression *expression, const struct picture_facts *facts)
{
	return evaluate(expression, facts).number != 0;
}
