@buying
Feature: Asking again
  The same key is the same request, whatever became of the first answer.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5

  Scenario: Every change may have a key
    When the merchant adjusts "shirt" by 5 because of "delivery" twice with the same key
    Then the stock of "shirt" is 10 on hand, 0 reserved, 0 allocated, 10 available

  Scenario: The same key with something else in it
    When the merchant adjusts "shirt" by 5 because of "delivery" with the key "k1"
    And the merchant adjusts "shirt" by 6 because of "delivery" with the key "k1"
    Then the merchant is told idempotency_key_reused
    And the stock of "shirt" is 10 on hand, 0 reserved, 0 allocated, 10 available

  Scenario: A refusal is given again, too
    Given ann has 1 "shirt" in her cart
    When ann checks out with the key "k1" and a card that is declined
    And ann checks out with the key "k1" and a card that is declined
    Then both refusals are the same, the second one a replay
    And nobody without an order was charged

  Scenario: Nobody else's key
    Given ann has 1 "shirt" in her cart
    And bob has 1 "shirt" in his cart
    When ann checks out with the key "k1"
    And bob checks out with the key "k1"
    Then ann's order is placed
    And bob's order is placed
    And ann has 1 order
    And bob has 1 order

  Scenario: Strangers with the same simple key have carts of their own
    When somebody at 203.0.113.7 opens a cart with the key "1"
    And somebody at 203.0.113.8 opens a cart with the key "1"
    And somebody at 203.0.113.7 opens a cart with the key "1"
    Then the first and the third cart are the same, the second is another

  Scenario: After a restart
    When the merchant adjusts "shirt" by 5 because of "delivery" with the key "k1"
    And the server is killed
    And the server is started again
    And the merchant adjusts "shirt" by 5 because of "delivery" with the key "k1"
    Then the stock of "shirt" is 10 on hand, 0 reserved, 0 allocated, 10 available

  Scenario: Ten clicks at once
    Given ann has 1 "shirt" in her cart
    When ann checks out 10 times at once with the same key
    Then ann has 1 order
    And ann was charged once
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available

  Scenario: An order cancelled twice is cancelled once
    Given ann has 1 "shirt" in her cart
    When ann checks out
    And ann cancels her order
    And ann cancels her order
    Then ann's order is cancelled
    And ann was given back 19.90 EUR
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available

  Scenario: Cancelled and shipped at once, it is one of the two
    Given ann has 1 "shirt" in her cart
    When ann checks out
    And ann cancels her order while the merchant ships it
    Then ann's order is either cancelled and paid back, or fulfilled and paid
