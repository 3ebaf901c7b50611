/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>

#include "common/dms-json-object.h"
#include "resources/dms-fit.h"
#include "resources/dms-requirement.h"

#include <string.h>

/* What `requires` means, against a model that is written anew: machines and requirements of a small world, in
 * which a version is two digits and a limit a whole number. */

enum
{
  ROUNDS = 5000,
  N_NAMES = 3,
  N_CURRENCIES = 3,
  N_KINDS = 2,
};

static const char *const NAMES[N_NAMES] = { "openssl", "cuda", "mpi" };
static const char *const CURRENCIES[N_CURRENCIES] = { "NTX", "EUR", "USD" };
static const char *const KINDS[N_KINDS] = { "company", "person" };
static const char *const OPERATORS[] = { ">=", ">", "<", "<=", "=", "!=" };

/* What a machine says of itself. -1: nothing. */
typedef struct
{
  int version[N_NAMES];
  int hourly[N_CURRENCIES];
  int hours;
  int speed;
  int watts;
  /* 0, 1: what it says; -1: nothing */
  int kyc[N_KINDS];
} Machine;

/* What is asked of it. -1: nothing. */
typedef struct
{
  int version[N_NAMES];
  guint operator[N_NAMES];
  /* Whether any version will do. */
  gboolean any[N_NAMES];
  int hourly[N_CURRENCIES];
  int total[N_CURRENCIES];
  int hours;
  int speed;
  int watts;
  /* 2: whatever it says */
  int kyc[N_KINDS];
} Wish;

static int
some (int end, int nothing_in)
{
  return g_test_rand_int_range (0, nothing_in) == 0 ? g_test_rand_int_range (1, end) : -1;
}

static Machine
random_machine (void)
{
  Machine machine;

  for (guint i = 0; i < N_NAMES; i++)
    machine.version[i] = some (20, 2);
  /* One that asks several prices would be paid in either of them; bids have room for one. */
  for (guint i = 0; i < N_CURRENCIES; i++)
    machine.hourly[i] = -1;
  machine.hourly[g_test_rand_int_range (0, N_CURRENCIES)] = g_test_rand_int_range (-1, 5);
  machine.hours = some (5, 2);
  machine.speed = some (5, 2);
  machine.watts = some (5, 2);
  for (guint i = 0; i < N_KINDS; i++)
    machine.kyc[i] = g_test_rand_int_range (-1, 2);
  return machine;
}

static Wish
random_wish (gboolean totals)
{
  Wish wish;

  wish.hours = some (5, 3);
  for (guint i = 0; i < N_NAMES; i++)
    {
      wish.version[i] = some (20, 3);
      wish.operator[i] = (guint) g_test_rand_int_range (0, (gint32) G_N_ELEMENTS (OPERATORS));
      wish.any[i] = g_test_rand_int_range (0, 4) == 0;
    }
  for (guint i = 0; i < N_CURRENCIES; i++)
    {
      wish.hourly[i] = some (5, 4);
      wish.total[i] = totals && wish.hours > 0 ? some (12, 3) : -1;
    }
  wish.speed = some (5, 3);
  wish.watts = some (5, 3);
  for (guint i = 0; i < N_KINDS; i++)
    wish.kyc[i] = g_test_rand_int_range (0, 3) == 0 ? g_test_rand_int_range (0, 3) : -1;
  return wish;
}

/* The model */

static gboolean
model_version (int have, const Wish *wish, guint i)
{
  int want = wish->version[i];

  if (have < 0)
    return FALSE;
  if (wish->any[i])
    return TRUE;
  switch (wish->operator[i])
    {
    case 0:
      return have >= want;
    case 1:
      return have > want;
    case 2:
      return have < want;
    case 3:
      return have <= want;
    case 4:
      return have == want;
    default:
      return have != want;
    }
}

static gboolean
model_pays (const Machine *machine, const Wish *wish)
{
  gboolean asked = FALSE;

  for (guint i = 0; i < N_CURRENCIES; i++)
    {
      if (wish->hourly[i] < 0 && wish->total[i] < 0)
        continue;
      asked = TRUE;
      if (machine->hourly[i] < 0 || (wish->hourly[i] > 0 && machine->hourly[i] > wish->hourly[i]))
        continue;
      if (wish->total[i] > 0 && machine->hourly[i] * wish->hours > wish->total[i])
        continue;
      return TRUE;
    }
  return !asked;
}

/* How many of its parts are not met. */
static guint
model_lacks (const Machine *machine, const Wish *wish)
{
  guint n = !model_pays (machine, wish);

  for (guint i = 0; i < N_NAMES; i++)
    n += wish->version[i] > 0 && !model_version (machine->version[i], wish, i);
  for (guint i = 0; i < N_KINDS; i++)
    n += wish->kyc[i] >= 0 && (machine->kyc[i] < 0 || (wish->kyc[i] < 2 && machine->kyc[i] != wish->kyc[i]));
  n += wish->hours > 0 && machine->hours < wish->hours;
  n += wish->speed > 0 && machine->speed < wish->speed;
  n += wish->watts > 0 && (machine->watts < 0 || machine->watts > wish->watts);
  return n;
}

/* The same as values */

static DmsProfile *
make_profile (GPtrArray *libraries, GPtrArray *prices, GPtrArray *kyc, int hours, int speed, int watts)
{
  g_autoptr (DmsTimeLimit) time = dms_time_limit_new (hours > 0 ? "hours" : NULL, MAX (hours, 0), 0);
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) a = dms_profile_with_libraries (empty, libraries);
  g_autoptr (DmsProfile) b = dms_profile_with_prices (a, prices);
  g_autoptr (DmsProfile) c = dms_profile_with_kyc (b, kyc);
  g_autoptr (DmsProfile) d = dms_profile_with_time (c, time);
  g_autoptr (DmsProfile) e = dms_profile_with_speed (d, MAX (speed, 0));

  return dms_profile_with_watts (e, MAX (watts, 0));
}

static char *
format_version (int version)
{
  return g_strdup_printf ("%d.%d", version / 10, version % 10);
}

static DmsProfile *
make_offer (const Machine *machine)
{
  g_autoptr (GPtrArray) libraries = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_library_unref);
  g_autoptr (GPtrArray) prices = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_price_unref);
  g_autoptr (GPtrArray) kyc = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_kyc_unref);

  for (guint i = 0; i < N_NAMES; i++)
    {
      g_autofree char *version = format_version (machine->version[i]);

      if (machine->version[i] > 0)
        g_ptr_array_add (libraries, dms_library_new (NAMES[i], NULL, version));
    }
  for (guint i = 0; i < N_CURRENCIES; i++)
    {
      if (machine->hourly[i] >= 0)
        g_ptr_array_add (prices, dms_price_new (CURRENCIES[i], machine->hourly[i], 0, 0));
    }
  for (guint i = 0; i < N_KINDS; i++)
    {
      if (machine->kyc[i] >= 0)
        g_ptr_array_add (kyc, dms_kyc_new (KINDS[i], machine->kyc[i] == 0 ? "zero" : "one"));
    }
  return make_profile (libraries, prices, kyc, machine->hours, machine->speed, machine->watts);
}

static DmsProfile *
make_requirement (const Wish *wish)
{
  static const char *const data[] = { "zero", "one", NULL };
  g_autoptr (GPtrArray) libraries = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_library_unref);
  g_autoptr (GPtrArray) prices = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_price_unref);
  g_autoptr (GPtrArray) kyc = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_kyc_unref);

  for (guint i = 0; i < N_NAMES; i++)
    {
      g_autofree char *version = format_version (wish->version[i]);
      g_autofree char *constraint = g_strdup_printf ("%s %s", OPERATORS[wish->operator[i]], version);

      if (wish->version[i] > 0)
        g_ptr_array_add (libraries, dms_library_new (NAMES[i], wish->any[i] ? NULL : constraint, NULL));
    }
  for (guint i = 0; i < N_CURRENCIES; i++)
    {
      if (wish->hourly[i] > 0 || wish->total[i] > 0)
        g_ptr_array_add (prices,
                         dms_price_new (CURRENCIES[i], MAX (wish->hourly[i], 0), MAX (wish->total[i], 0), 0));
    }
  for (guint i = 0; i < N_KINDS; i++)
    {
      if (wish->kyc[i] >= 0)
        g_ptr_array_add (kyc, dms_kyc_new (KINDS[i], data[wish->kyc[i]]));
    }
  return make_profile (libraries, prices, kyc, wish->hours, wish->speed, wish->watts);
}

static gboolean
meets (DmsProfile *offered, DmsProfile *required)
{
  g_autoptr (DmsFit) fit = dms_comparator_explain_profiles (offered, required);

  return dms_fit_suffices (fit);
}

static void
test_as_the_model (void)
{
  guint n_met = 0;

  for (guint i = 0; i < ROUNDS; i++)
    {
      Machine machine = random_machine ();
      Wish wish = random_wish (TRUE);
      guint n_lacking = model_lacks (&machine, &wish);
      g_autoptr (DmsProfile) offered = make_offer (&machine);
      g_autoptr (DmsProfile) required = make_requirement (&wish);
      g_autoptr (DmsFit) fit = dms_comparator_explain_profiles (offered, required);
      g_autoptr (DmsProfile) relaxed = dms_comparator_relax_profile (offered, required);
      g_autoptr (JsonNode) json = dms_requirement_to_json (required);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsProfile) read = dms_requirement_new_from_json (json, &error);

      g_assert_no_error (error);
      g_assert_true (dms_profile_equal (read, required));
      g_assert_cmpint (dms_fit_suffices (fit), ==, n_lacking == 0);
      g_assert_cmpuint (dms_fit_get_shortfalls (fit)->len, ==, n_lacking);
      /* What it says has to be changed is enough. */
      g_assert_true (meets (offered, relaxed));
      n_met += n_lacking == 0;
    }
  g_test_message ("%u of %u are met", n_met, ROUNDS);
  /* Both kinds were there. */
  g_assert_cmpuint (n_met, >, ROUNDS / 100);
  g_assert_cmpuint (n_met, <, ROUNDS / 2);
}

/* What meets both meets the one and the other, and nothing else does. */
static void
test_both (void)
{
  guint n_met = 0;

  for (guint i = 0; i < ROUNDS; i++)
    {
      /* With a limit for the whole job, the longer time of the other makes it dearer: then less may do. */
      gboolean totals = i % 4 == 0;
      Machine machine = random_machine ();
      Wish one = random_wish (totals);
      Wish other = random_wish (FALSE);
      gboolean expected = model_lacks (&machine, &one) == 0 && model_lacks (&machine, &other) == 0;
      g_autoptr (DmsProfile) offered = make_offer (&machine);
      g_autoptr (DmsProfile) a = make_requirement (&one);
      g_autoptr (DmsProfile) b = make_requirement (&other);
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsProfile) both = dms_requirement_tighten (a, b, &error);
      g_autoptr (DmsProfile) again = both != NULL ? dms_requirement_tighten (both, b, NULL) : NULL;
      gboolean met = both != NULL && meets (offered, both);

      if (both == NULL)
        g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      else
        g_assert_true (dms_profile_equal (again, both));
      if (met || (both != NULL && !totals))
        g_assert_cmpint (met, ==, expected);
      if (both != NULL)
        g_assert_true (dms_requirement_implies (both, b) && dms_requirement_implies (both, NULL));
      if (dms_requirement_implies (a, b) && meets (offered, a))
        g_assert_true (meets (offered, b));
      n_met += met;
    }
  g_test_message ("%u of %u are met", n_met, ROUNDS);
  g_assert_cmpuint (n_met, >, 0);
}

static void
test_nothing (void)
{
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) both = dms_requirement_tighten (NULL, NULL, NULL);
  g_autoptr (DmsProfile) fast = dms_profile_with_speed (empty, 2);

  g_assert_true (dms_requirement_is_empty (NULL));
  g_assert_true (dms_requirement_is_empty (empty));
  g_assert_true (dms_requirement_is_empty (both));
  g_assert_false (dms_requirement_is_empty (fast));
  g_assert_true (meets (empty, both));
  g_assert_false (meets (empty, fast));
  g_assert_true (dms_requirement_implies (fast, empty));
  g_assert_true (dms_requirement_implies (NULL, empty));
  g_assert_false (dms_requirement_implies (NULL, fast));
}

/* One that cannot be read is not one that asks for nothing. */
static void
test_hostile (void)
{
  static const char *const bad[] = {
    "7",
    "[]",
    "{\"speed\":\"fast\"}",
    "{\"speed\":0}",
    "{\"speed\":-1}",
    "{\"power\":1e300}",
    "{\"price\":{\"currency\":\"NTX\"}}",
    "{\"price\":[7]}",
    "{\"price\":[{\"currency\":\"NTX\",\"currency_per_hour\":0}]}",
    "{\"price\":[{\"currency\":\"NTX\",\"total_per_job\":\"1\"}]}",
    "{\"price\":[{\"currency\":\"NTX\"},{\"currency\":\"ntx\"}]}",
    "{\"time\":{\"units\":\"hours\",\"max_time\":-1}}",
    "{\"time\":{\"max_time\":\"8h\"}}",
    "{\"libraries\":[{\"name\":\"../../etc/passwd\"}]}",
    "{\"libraries\":[{\"name\":\"a b\"}]}",
    "{\"libraries\":[{\"constraint\":\">= 1\"}]}",
    "{\"kyc\":[{\"data\":\"x\"}]}",
  };
  g_autoptr (GString) many = g_string_new ("{\"libraries\":[");
  g_autoptr (JsonNode) node = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) json = dms_json_node_from_text (bad[i], -1, NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_requirement_new_from_json (json, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
  for (guint i = 0; i <= DMS_REQUIREMENT_MAX_ITEMS; i++)
    g_string_append_printf (many, "%s{\"name\":\"l%u\"}", i > 0 ? "," : "", i);
  g_string_append (many, "]}");
  node = dms_json_node_from_text (many->str, -1, NULL);
  g_assert_null (dms_requirement_new_from_json (node, NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/requirement/as-the-model", test_as_the_model);
  g_test_add_func ("/requirement/both", test_both);
  g_test_add_func ("/requirement/nothing", test_nothing);
  g_test_add_func ("/requirement/hostile", test_hostile);
  return g_test_run ();
}
