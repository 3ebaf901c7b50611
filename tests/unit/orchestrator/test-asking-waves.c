/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-asking-waves.h"
#include "provider/dms-bid-sample.h"

enum
{
  ENOUGH = 32,
  MS = 1000,
  /* Of the clock, which begins anywhere. */
  START_US = 7 * G_USEC_PER_SEC,
};

static void
begin (DmsAskingWaves *waves, guint guess)
{
  dms_asking_waves_begin_round (waves, guess);
  dms_asking_waves_begin (waves, ENOUGH, START_US);
}

/* Answers that come one after the other until then. */
static void
hear (DmsAskingWaves *waves, guint n, gint64 until_ms)
{
  guint already = waves->n_heard;

  for (guint i = 1; i <= n; i++)
    dms_asking_waves_note_heard (waves, already + i, waves->began_us + until_ms * MS * i / n);
}

static gboolean
is_over (DmsAskingWaves *waves, gint64 after_ms)
{
  return dms_asking_waves_is_over (waves, waves->began_us + after_ms * MS);
}

static void
go_on (DmsAskingWaves *waves, gint64 after_ms)
{
  gint64 now_us = waves->began_us + after_ms * MS;

  g_assert_true (dms_asking_waves_is_over (waves, now_us));
  dms_asking_waves_widen (waves);
  dms_asking_waves_begin (waves, ENOUGH, now_us);
}

static void
test_few_are_all (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, ENOUGH);
  g_assert_true (waves.is_everybody);
  g_assert_cmpuint (dms_asking_waves_get_per_million (&waves), ==, DMS_BID_SAMPLE_ALL);
  begin (&waves, 0);
  g_assert_true (waves.is_everybody);
}

static void
test_begins_with_enough (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 1000);
  g_assert_false (waves.is_everybody);
  g_assert_cmpuint (dms_asking_waves_get_per_million (&waves), ==, 32001);
}

/* Silence: eight times as many each time, and a little more patience, until all are asked. */
static void
test_silence (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 10000);
  g_assert_false (is_over (&waves, 399));
  go_on (&waves, 400);
  g_assert_cmpuint (dms_asking_waves_get_per_million (&waves), ==, 25601);
  g_assert_false (is_over (&waves, 599));
  go_on (&waves, 600);
  g_assert_cmpuint (dms_asking_waves_get_per_million (&waves), ==, 205129);
  g_assert_false (is_over (&waves, 899));
  go_on (&waves, 900);
  g_assert_true (waves.is_everybody);
  g_assert_cmpuint (waves.wave, ==, 3);
}

/* Whatever is said of the size of the network. */
static void
test_lies_are_bounded (void)
{
  DmsAskingWaves waves = { 0 };
  guint n = 1;

  for (begin (&waves, G_MAXUINT); !waves.is_everybody; n++)
    go_on (&waves, 60 * 1000);
  g_assert_cmpuint (n, <=, 5);
}

/* As many as were expected have answered: nothing more is to be waited for. */
static void
test_ends_with_the_answers (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 1000);
  hear (&waves, ENOUGH - 1, 150);
  g_assert_false (is_over (&waves, 150));
  dms_asking_waves_note_heard (&waves, ENOUGH, START_US + 160 * MS);
  g_assert_true (is_over (&waves, 160));
}

/* Those that were asked by themselves are expected to answer, too. */
static void
test_expects_the_direct (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 1000);
  for (guint i = 0; i < 16; i++)
    dms_asking_waves_note_direct (&waves);
  hear (&waves, ENOUGH + 15, 150);
  g_assert_false (is_over (&waves, 150));
  hear (&waves, 1, 151);
  g_assert_true (is_over (&waves, 151));
  go_on (&waves, 151);
  hear (&waves, ENOUGH, 100);
  g_assert_true (is_over (&waves, 100));
}

/* Slow answers are waited for, as long as it makes sense; what was learnt holds for the waves and rounds that
 * follow. */
static void
test_adapts_to_slow_answers (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 1000);
  hear (&waves, 3, 300);
  g_assert_false (is_over (&waves, 599));
  hear (&waves, 1, 420);
  g_assert_false (is_over (&waves, 839));
  g_assert_true (is_over (&waves, 840));
  hear (&waves, 1, 830);
  g_assert_false (is_over (&waves, 999));
  g_assert_true (is_over (&waves, 1000));

  waves.audience = 0;
  begin (&waves, 1000);
  g_assert_false (is_over (&waves, 999));
  hear (&waves, 1, 90);
  g_assert_true (is_over (&waves, 400));
}

/* As many more are asked as there were too few answers. */
static void
test_corrects_the_sample (void)
{
  static const struct
  {
    guint n_heard;
    guint per_million;
  } cases[] = { { 0, 25601 }, { 1, 25601 }, { 8, 12801 }, { 10, 12801 },
                { 16, 6401 }, { 31, 6401 }, { 32, 6401 }, { 200, 6401 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DmsAskingWaves waves = { 0 };

      begin (&waves, 10000);
      if (cases[i].n_heard > 0)
        hear (&waves, cases[i].n_heard, 100);
      go_on (&waves, 1000);
      g_assert_cmpuint (dms_asking_waves_get_per_million (&waves), ==, cases[i].per_million);
    }
}

/* Where few answered when all were asked, all are asked at once the next time; where many did, again a few.
 */
static void
test_remembers (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 1000);
  while (!waves.is_everybody)
    go_on (&waves, 60 * 1000);
  hear (&waves, 3, 100);
  begin (&waves, 1000);
  g_assert_true (waves.is_everybody);
  g_assert_cmpuint (waves.n_heard, ==, 0);
  hear (&waves, 900, 100);
  begin (&waves, 1000);
  g_assert_false (waves.is_everybody);
}

/* Machines that are given up and asked again answer as quickly each time. */
static void
test_no_patience_with_the_same (void)
{
  DmsAskingWaves waves = { 0 };

  begin (&waves, 4);
  waves.wave = 20;
  g_assert_cmpint (dms_asking_waves_get_length_us (&waves), ==, 400 * MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/asking-waves/few-are-all", test_few_are_all);
  g_test_add_func ("/asking-waves/begins-with-enough", test_begins_with_enough);
  g_test_add_func ("/asking-waves/silence", test_silence);
  g_test_add_func ("/asking-waves/lies-are-bounded", test_lies_are_bounded);
  g_test_add_func ("/asking-waves/ends-with-the-answers", test_ends_with_the_answers);
  g_test_add_func ("/asking-waves/expects-the-direct", test_expects_the_direct);
  g_test_add_func ("/asking-waves/adapts-to-slow-answers", test_adapts_to_slow_answers);
  g_test_add_func ("/asking-waves/corrects-the-sample", test_corrects_the_sample);
  g_test_add_func ("/asking-waves/remembers", test_remembers);
  g_test_add_func ("/asking-waves/no-patience-with-the-same", test_no_patience_with_the_same);
  return g_test_run ();
}
