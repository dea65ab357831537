@buying
Feature: The power goes
  What was answered is kept; what was under way goes on by itself, or can be asked for again.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And ann has 1 "shirt" in her cart

  Scenario Outline: At any moment of a checkout
    When the server is killed <ms> ms after ann begins to check out with the key "k1"
    And the server is started again
    And ann checks out with the key "k1"
    Then ann has 1 order
    And ann was charged once
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available

    Examples:
      | ms |
      | 1  |
      | 3  |
      | 6  |
      | 10 |
      | 20 |

  Scenario: After the answer
    When ann checks out with the key "k1"
    And the server is killed
    And the server is started again
    And ann checks out with the key "k1"
    Then both answers are the same order, the second one a replay
    And ann was charged once

  Scenario: While the buyer is at her bank's page
    When ann checks out with a card that needs 3-D Secure
    Then ann is sent to her bank's page
    When the server is killed
    And the server is started again
    And ann confirms at her bank's page
    Then ann's order is placed within 10 seconds
    And ann was charged once

  Scenario: While the provider does not answer
    When ann begins to check out with a card at which the provider answers too late, and the server is killed after 100 ms
    And the server is started again
    Then there is 1 order within 60 seconds
    And nobody without an order was charged

  Scenario: A line is added once
    When the server is killed 3 ms after ann puts 2 "shirt" into her cart with the key "k1"
    And the server is started again
    And ann puts 2 "shirt" into her cart with the key "k1"
    Then ann's cart has 3 "shirt" at 19.90 EUR, together 59.70 EUR

  Scenario: Held units stay held
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic
    And bob has 1 "watch" in his cart
    When the server is killed
    And the server is started again
    Then the stock of "watch" is 1 on hand, 1 reserved, 0 allocated, 0 available
    When bob checks out
    Then bob's order is placed

  Scenario: What was held runs out while nobody is there
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic, and held for 1 second
    And bob has 1 "watch" in his cart
    When the server is killed
    And 2 seconds pass
    And the server is started again
    And 1 second passes
    Then the stock of "watch" is 1 on hand, 0 reserved, 0 allocated, 1 available

  Scenario: A price that was changed stays changed
    When the merchant sets the price of "shirt" to 24.90 EUR
    And the server is killed
    And the server is started again
    Then ann's cart comes to 24.90 EUR
    And the shop shows "shirt" at 24.90 EUR
