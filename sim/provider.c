/*
 * The bank's books: one entry per request key with its answer, one account per payment. A void closes the account, so that an
 * authorisation that arrives after it is declined.
 */
#include "sim/provider.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was asked under a key, and answered. */
struct entry {
    char *key;
    struct provider_answer answer;
    struct entry *next;
};

/* A request on its way, there and back. */
struct letter {
    struct bank *bank;
    struct provider_question *question; /* NULL: nobody waits any more */
    struct machine *sender;
    bool is_find;
    enum provider_operation operation;
    char *key, *payment_id, *token;
    int64_t amount;
};

struct bank {
    struct payment_provider provider;
    struct world *world;
    struct loop *loop;
    struct bank_temper temper;
    int64_t out_until_us;
    struct entry *entries;
    struct bank_account *accounts;
};

static struct random *chance(struct bank *bank)
{
    return world_random(bank->world);
}

/* --- books --- */

const struct bank_account *bank_accounts(const struct bank *bank)
{
    return bank->accounts;
}

const struct bank_account *bank_account_find(const struct bank *bank, const char *payment_id)
{
    const struct bank_account *account = bank->accounts;
    while (account && strcmp(account->payment_id, payment_id) != 0)
        account = account->next;
    return account;
}

static struct bank_account *account_of(struct bank *bank, const char *payment_id)
{
    struct bank_account **at = &bank->accounts;
    while (*at && strcmp((*at)->payment_id, payment_id) < 0)
        at = &(*at)->next;
    if (*at && strcmp((*at)->payment_id, payment_id) == 0)
        return *at;
    struct bank_account *account = calloc(1, sizeof *account);
    ASSERT(account);
    account->payment_id = strdup(payment_id);
    account->token = "";
    account->next = *at;
    *at = account;
    return account;
}

const char *bank_secret(const struct bank_account *account, char out[33])
{
    uint64_t hash = 0;
    for (const char *at = account->payment_id; *at; at++)
        hash = random_mix(hash ^ (uint8_t)*at);
    snprintf(out, 33, "%016" PRIx64, hash);
    return out;
}

static void decline(struct provider_answer *answer, const char *reason)
{
    answer->outcome = PROVIDER_DECLINED;
    snprintf(answer->decline_reason, sizeof answer->decline_reason, "%s", reason);
}

static void hold(struct bank_account *account, int64_t amount)
{
    account->held += amount;
    account->charges++;
}

static void authorize(struct bank_account *account, const struct letter *letter, struct provider_answer *answer)
{
    char secret[33];
    account->token = strdup(letter->token);
    if (account->closed) {
        decline(answer, "payment_closed");
    } else if (strcmp(letter->token, "pm_declined") == 0) {
        decline(answer, "card_declined");
    } else if (strcmp(letter->token, "pm_error") == 0) {
        answer->outcome = PROVIDER_FAILED;
    } else if (strcmp(letter->token, "pm_secure") == 0) {
        answer->outcome = PROVIDER_REQUIRES_ACTION;
        account->waits_for_buyer = true;
        account->asked = letter->amount;
        account->answer = answer;
        snprintf(answer->next_action_url, sizeof answer->next_action_url, "/v1/payments/%s/confirm?secret=%s",
                 letter->payment_id, bank_secret(account, secret));
    } else {
        hold(account, letter->amount);
    }
}

static void act(struct bank *bank, const struct letter *letter, struct provider_answer *answer)
{
    struct bank_account *account = account_of(bank, letter->payment_id);
    *answer = (struct provider_answer){.outcome = PROVIDER_DONE};
    snprintf(answer->reference, sizeof answer->reference, "bank_%s", letter->payment_id);
    switch (letter->operation) {
    case PROVIDER_AUTHORIZE:
        authorize(account, letter, answer);
        break;
    case PROVIDER_CAPTURE:
        if (account->held == 0) {
            answer->outcome = PROVIDER_FAILED;
            break;
        }
        account->captured += account->held;
        account->held = 0;
        break;
    case PROVIDER_VOID:
        if (account->captured > 0) {
            answer->outcome = PROVIDER_FAILED;
            break;
        }
        account->held = 0;
        account->waits_for_buyer = false;
        account->closed = true;
        break;
    case PROVIDER_REFUND:
        if (letter->amount > account->captured - account->refunded)
            answer->outcome = PROVIDER_FAILED;
        else
            account->refunded += letter->amount;
        break;
    }
    world_note(bank->world, "bank: %s of %s: %d", (const char *[]){"authorize", "capture", "void", "refund"}[letter->operation],
               letter->payment_id, (int)answer->outcome);
}

static struct entry *entry_find(const struct bank *bank, const char *key)
{
    struct entry *entry = bank->entries;
    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

/* The same key again is the same answer. */
static const struct provider_answer *answer_to(struct bank *bank, const struct letter *letter)
{
    static const struct provider_answer not_known = {.outcome = PROVIDER_NOT_KNOWN};
    struct entry *entry = entry_find(bank, letter->key);
    if (entry)
        return &entry->answer;
    if (letter->is_find)
        return &not_known;
    entry = calloc(1, sizeof *entry);
    ASSERT(entry);
    entry->key = strdup(letter->key);
    entry->next = bank->entries;
    bank->entries = entry;
    act(bank, letter, &entry->answer);
    return &entry->answer;
}

/* --- the network --- */

static bool happens(struct bank *bank, unsigned per_million)
{
    return per_million && random_chance(chance(bank), per_million);
}

/* Mostly quick, sometimes as slow as it gets. */
static int64_t travel_us(struct bank *bank)
{
    int64_t quick_us = random_between(chance(bank), 1000, 50000);
    return happens(bank, 100000) ? random_skewed(chance(bank), bank->temper.travel_us_max) : quick_us;
}

/* Whether its line is dead, which it may be from now on. */
static bool is_out(struct bank *bank)
{
    int64_t now_us = world_elapsed_us(bank->world);
    if (happens(bank, bank->temper.outage_per_million)) {
        bank->out_until_us = now_us + random_between(chance(bank), 0, bank->temper.outage_us_max);
        world_note(bank->world, "bank: out");
    }
    return now_us < bank->out_until_us;
}

static void letter_free(struct letter *letter)
{
    free(letter->key);
    free(letter->payment_id);
    free(letter->token);
    free(letter);
}

static void on_question_timer(struct timer *timer)
{
    struct provider_question *question = (struct provider_question *)((char *)timer - offsetof(struct provider_question, timer));
    question->done(question, &question->answer);
}

static void arrive_back(void *data)
{
    struct letter *letter = data;
    struct provider_question *question = letter->question;
    if (question && !machine_is_dead(letter->sender)) {
        question->inside = NULL;
        question->timer.run = on_question_timer;
        timer_start(question->loop, &question->timer, 0);
    }
    letter_free(letter);
}

static void arrive(void *data)
{
    struct letter *letter = data;
    struct bank *bank = letter->bank;
    const struct provider_answer *answer = answer_to(bank, letter);
    if (letter->question && !machine_is_dead(letter->sender))
        letter->question->answer = *answer;
    if (is_out(bank) || happens(bank, bank->temper.answer_lost_per_million)) {
        if (letter->question && !machine_is_dead(letter->sender))
            letter->question->inside = NULL;
        letter_free(letter);
        return;
    }
    world_after(bank->loop, travel_us(bank), arrive_back, letter);
}

/* The network's own copy: nobody waits for its answer. */
static void arrive_again(void *data)
{
    struct letter *letter = data;
    answer_to(letter->bank, letter);
    letter_free(letter);
}

static struct letter *letter_new(struct bank *bank, const struct provider_request *request, bool is_find)
{
    struct letter *letter = calloc(1, sizeof *letter);
    ASSERT(letter);
    *letter = (struct letter){
        .bank = bank,
        .is_find = is_find,
        .operation = request->operation,
        .key = strdup(request->key),
        .payment_id = strdup(request->payment_id),
        .token = strdup(request->token ? request->token : ""),
        .amount = request->amount,
    };
    return letter;
}

static void send(struct bank *bank, const struct provider_request *request, struct provider_question *question, bool is_find)
{
    question->inside = NULL;
    question->timer = (struct timer){0};
    if (machine_is_dead(machine_of_loop(question->loop)))
        return;
    if (happens(bank, bank->temper.repeated_per_million))
        world_after(bank->loop, travel_us(bank), arrive_again, letter_new(bank, request, is_find));
    if (is_out(bank) || happens(bank, bank->temper.request_lost_per_million))
        return;
    struct letter *letter = letter_new(bank, request, is_find);
    letter->question = question;
    letter->sender = machine_of_loop(question->loop);
    question->inside = letter;
    world_after(bank->loop, travel_us(bank), arrive, letter);
}

/* --- the provider --- */

static void ask(struct payment_provider *provider, const struct provider_request *request, struct provider_question *question)
{
    send((struct bank *)provider, request, question, false);
}

static void find(struct payment_provider *provider, const struct provider_request *request, struct provider_question *question)
{
    send((struct bank *)provider, request, question, true);
}

static void cancel(struct payment_provider *provider, struct provider_question *question)
{
    (void)provider;
    struct letter *letter = question->inside;
    if (letter)
        letter->question = NULL;
    question->inside = NULL;
    timer_stop(question->loop, &question->timer);
}

static bool confirm(struct payment_provider *provider, const char *payment_id, const char *secret, bool refuse)
{
    struct bank *bank = (struct bank *)provider;
    char expected[33];
    const struct bank_account *known = bank_account_find(bank, payment_id);
    if (!known || strcmp(bank_secret(known, expected), secret) != 0)
        return false;
    struct bank_account *account = account_of(bank, payment_id);
    if (!account->waits_for_buyer)
        return !account->closed;
    account->waits_for_buyer = false;
    account->answer->next_action_url[0] = '\0';
    if (refuse) {
        decline(account->answer, "authentication_refused");
    } else {
        account->answer->outcome = PROVIDER_DONE;
        hold(account, account->asked);
    }
    return true;
}

struct bank *bank_new(struct world *world, struct loop *loop)
{
    struct bank *bank = calloc(1, sizeof *bank);
    ASSERT(bank);
    bank->provider = (struct payment_provider){"bank", ask, find, cancel, confirm};
    bank->world = world;
    bank->loop = loop;
    bank->temper.travel_us_max = 1000;
    return bank;
}

struct payment_provider *bank_provider(struct bank *bank)
{
    return &bank->provider;
}

void bank_be(struct bank *bank, const struct bank_temper *temper)
{
    bank->temper = *temper;
    bank->out_until_us = 0;
}
